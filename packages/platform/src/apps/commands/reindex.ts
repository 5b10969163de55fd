import { type Command, EXIT, isGiven } from '../command.ts';
import { progressLine } from '../progress-line.ts';
import { rebuildIndex } from '../rebuild.ts';

export const reindexCommand: Command = {
  name: 'reindex',
  usage: '--yes [--json]',
  summary: `Throw the index away and make it again from packs and journal segments alone.
No other process may have the archive open. Ended half way, it is begun anew by running it again.
Exit codes: 0 the index is whole, 3 something in the packs or the journal is damaged (each is named), 1 it failed.`,
  options: { yes: { type: 'boolean' } },
  positionals: [0, 0],
  run: async (args, { config, log, signal, print, isJson }) => {
    if (!isGiven(args, 'yes')) {
      print('This throws the index away and reads every pack. Say --yes to do it.', { needs: '--yes' });
      return EXIT.usage;
    }
    const progress = progressLine(process.stderr, !isJson);
    const summary = await rebuildIndex(config, {
      role: 'reindex',
      log,
      signal,
      hears: {
        finding: (finding) => print(`${finding.code} ${finding.what}: ${finding.detail}`, finding),
        progress: (groups, instances) => progress.show(undefined, `${groups} groups, ${instances} instances`),
      },
    });
    progress.end();
    const { segments, instances, journalLines, findings, seconds } = summary;
    const text = `${instances} instances from ${segments} segments, ${journalLines} journal lines, in ${seconds} s`;
    print(findings === 0 ? text : `${text}; ${findings} findings`, { summary });
    return findings === 0 ? EXIT.done : EXIT.damaged;
  },
};
