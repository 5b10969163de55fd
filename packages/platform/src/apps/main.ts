import { main } from './cli.ts';
import { EXIT } from './command.ts';

/** Asked twice, a process ends at once. */
const ending = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    if (ending.signal.aborted) process.exit(130);
    ending.abort();
  });
}
// Whoever reads our output may stop reading, as `head` does.
process.stdout.on('error', () => process.exit(EXIT.done));
process.exitCode = await main(process.argv.slice(2), ending.signal);
