import { parseArgs } from 'node:util';
import { verifyBundle } from './bundle.ts';
import { verifyCase } from './case-file.ts';
import { verifyExport } from './export.ts';
import { type Known, verifyJournal } from './journal.ts';
import { knownOf } from './known.ts';
import { verifyPacks } from './packs.ts';
import { PacksInJournal } from './packs-in-journal.ts';

const USAGE = `usage: node main.ts export FOLDER
       node main.ts packs FOLDER [--journal FOLDER [KNOWN]...]
       node main.ts journal FOLDER [KNOWN]...
       node main.ts bundle FILE [KNOWN]...
       node main.ts case FILE [KNOWN]...
KNOWN, each as often as wanted: --checkpoint FILE | --key KEY | --witness NAME=KEY
KEY is a public key as 'acervo audit key' prints it, or the path of a file of it, PEM or text
`;
/** The archive's own exit codes: 0 all as it should be, 1 not possible, 2 wrong arguments, 3 damaged. */
const EXIT = { done: 0, failed: 1, usage: 2, damaged: 3 } as const;

type Found = { code: string; what: string; detail: string };
type Tell = (finding: Found) => void;
type Totals = { findings: number; verdict?: string };
type Given = { path: string; journal: string | undefined; known: Known };

const VERIFY: Readonly<Record<string, (given: Given, tell: Tell) => Promise<Totals>>> = {
  export: ({ path }, tell) => verifyExport(path, tell),
  packs: verifyPacksOf,
  journal: ({ path, known }, tell) => verifyJournal(path, known, tell),
  bundle: ({ path, known }, tell) => verifyBundle(path, known, tell),
  case: ({ path, known }, tell) => verifyCase(path, known, tell),
};

/** Packs alone, or with the journal beside them, which is verified first: else its word counts for nothing. */
async function verifyPacksOf({ path, journal, known }: Given, tell: Tell): Promise<Totals> {
  if (journal === undefined) return verifyPacks(path, tell);
  const packs = new PacksInJournal();
  const sealed = await verifyJournal(journal, known, tell, (line) => packs.take(line));
  const totals = await verifyPacks(path, tell, packs);
  return { ...totals, journal: sealed, findings: totals.findings + sealed.findings, verdict: sealed.verdict } as Totals;
}

async function main(argv: readonly string[]): Promise<number> {
  try {
    const { what, given } = argumentsOf(argv);
    const verify = Object.hasOwn(VERIFY, what) ? VERIFY[what] : undefined;
    if (verify === undefined) throw new UsageError();
    const totals = await verify(given, ({ code, what: thing, detail }) => {
      process.stdout.write(`${code} ${thing}: ${detail}\n`);
    });
    if (totals.verdict !== undefined) process.stdout.write(`${totals.verdict}\n`);
    process.stdout.write(`${JSON.stringify(totals)}\n`);
    return totals.findings === 0 ? EXIT.done : EXIT.damaged;
  } catch (thrown) {
    const isUsage = thrown instanceof UsageError;
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    process.stderr.write(isUsage ? `${text}${USAGE}` : `not verified: ${text}\n`);
    return isUsage ? EXIT.usage : EXIT.failed;
  }
}

class UsageError extends Error {}

const MANY = { type: 'string', multiple: true, default: [] as string[] } as const;
const OPTIONS = { journal: { type: 'string' }, checkpoint: MANY, key: MANY, witness: MANY } as const;

/** @throws {UsageError} */
function argumentsOf(argv: readonly string[]): { what: string; given: Given } {
  const { values, positionals } = parsed(argv);
  const [what = '', path, ...more] = positionals;
  if (path === undefined || more.length > 0) throw new UsageError();
  return { what, given: { path, journal: values.journal, known: knownOf(values) } };
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
  } catch (thrown) {
    throw new UsageError(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  }
}

process.exitCode = await main(process.argv.slice(2));
