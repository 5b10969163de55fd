import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Failure } from '@acervo/kernel/failure.ts';
import { type Command, EXIT, isGiven, textOption } from '../command.ts';
import { checkIntegrity, install, installedStamp, OHIF, prepareViewer, stampOf } from '../ohif/prepare.ts';

export const ohifCommand: Command = {
  name: 'ohif',
  usage: '[--from FILE.tgz] [--again]',
  summary: `Fetch the viewer OHIF ${OHIF.version} for /ohif/ from the npm registry, check it, and prepare it.
--from takes the package from a file, where there is no registry; npm pack ${OHIF.name}@${OHIF.version} makes it.
A running archive serves it at once. --again prepares it also if it is there.`,
  options: { from: { type: 'string' }, again: { type: 'boolean' } },
  positionals: [0, 0],
  run: async (args, { config, print, signal }) => {
    const { ohifDir } = config;
    const stamp = await stampOf();
    if (!isGiven(args, 'again') && (await installedStamp(ohifDir)) === stamp) {
      print(`OHIF ${OHIF.version} is in ${ohifDir}`, { version: OHIF.version, folder: ohifDir, fetched: false });
      return EXIT.done;
    }
    await mkdir(dirname(ohifDir), { recursive: true });
    // Beside its place, so that putting it there is a rename.
    const work = await mkdtemp(`${ohifDir}.making-`);
    try {
      const from = textOption(args, 'from');
      const file = from === undefined ? await fetched(work, signal, print) : resolve(from);
      await checkIntegrity(file);
      print('Preparing it ...');
      await run('tar', ['-xzf', file, '-C', work, 'package/dist'], signal);
      const dist = join(work, 'package/dist');
      await prepareViewer(dist);
      await install(dist, ohifDir, stamp);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
    print(`OHIF ${OHIF.version} is in ${ohifDir}`, { version: OHIF.version, folder: ohifDir, fetched: true });
    return EXIT.done;
  },
};

/** By npm, which knows this machine's registry and proxy. */
async function fetched(work: string, signal: AbortSignal, print: (text: string) => void): Promise<string> {
  print(`Fetching ${OHIF.name} ${OHIF.version}, 50 MB ...`);
  const words = ['pack', `${OHIF.name}@${OHIF.version}`, '--pack-destination', work, '--ignore-scripts', '--silent'];
  await run('npm', words, signal);
  const file = (await readdir(work)).find((name) => name.endsWith('.tgz'));
  if (file === undefined) throw new Failure('config/invalid', 'npm pack left no package');
  return join(work, file);
}

async function run(command: string, words: readonly string[], signal: AbortSignal): Promise<void> {
  const child = spawn(command, words, { stdio: ['ignore', 'ignore', 'inherit'], signal });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Failure('config/invalid', `${command} ${words[0]} ended with ${code}`);
}
