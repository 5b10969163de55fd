import { verifyExport } from './export.ts';
import { verifyPacks } from './packs.ts';

const USAGE = 'usage: node main.ts export FOLDER | packs FOLDER\n';
/** The archive's own exit codes: 0 all as it should be, 1 not possible, 2 wrong arguments, 3 damaged. */
const EXIT = { done: 0, failed: 1, usage: 2, damaged: 3 } as const;

const VERIFY = { export: verifyExport, packs: verifyPacks } as const;

async function main([what = '', folder, ...more]: readonly string[]): Promise<number> {
  if (!Object.hasOwn(VERIFY, what) || folder === undefined || more.length > 0) {
    process.stderr.write(USAGE);
    return EXIT.usage;
  }
  try {
    const totals = await VERIFY[what as keyof typeof VERIFY](folder, ({ code, what: thing, detail }) => {
      process.stdout.write(`${code} ${thing}: ${detail}\n`);
    });
    process.stdout.write(`${JSON.stringify(totals)}\n`);
    return totals.findings === 0 ? EXIT.done : EXIT.damaged;
  } catch (thrown) {
    process.stderr.write(`not verified: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    return EXIT.failed;
  }
}

process.exitCode = await main(process.argv.slice(2));
