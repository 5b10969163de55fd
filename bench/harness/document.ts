import type { Figures, Judged } from './figures.ts';
import type { Kept, KeptSoak } from './kept.ts';
import type { Machine } from './machine.ts';
import { soakText } from './soak-verdict.ts';
import { figureText, summaryText } from './text-table.ts';

/** What the document says of a row. */
export type Entry = { id: string; title: string; kept: Kept | undefined; note: string | undefined };

/** `soak` and `flameGraph` come from runs of their own. */
export type DocumentOptions = {
  entries: readonly Entry[];
  soak: KeptSoak | undefined;
  flameGraph: string | undefined;
};

const HEAD = `# Performance

<!-- Generated from docs/performance/*.json and bench/notes/*.md by scripts/generate-docs.ts: do not edit. -->

\`npm run bench -- --write\` measured what stands here; [bench/README.md](../bench/README.md) says how, and what each
word means. Every figure is that of the archive with durable answers, digests, journal and access checks on, and
below each row stands how that was seen. A target is held against the median of the rounds; a ratio is of two rounds
that ran one after the other. Other machines have other figures: the ratios are what is promised.
`;

export function describePerformance({ entries, soak, flameGraph }: DocumentOptions): string {
  const measured = entries.filter(({ kept }) => kept !== undefined);
  return [
    HEAD,
    ...machinesText(measured.flatMap(({ kept }) => kept ?? [])),
    '## Targets\n',
    targetTable(entries),
    ...(flameGraph === undefined ? [] : [`\n## Where the time of a C-STORE goes\n\n${flameGraph}`]),
    '\n## Rows',
    ...entries.map(entryText),
    '\n## Soak\n',
    soak === undefined ? 'Not run yet: `npm run bench -- --soak 30 --write`.' : keptSoakText(soak),
    '',
  ].join('\n');
}

/** Rows that were measured on one machine share its line. */
function machinesText(kept: readonly Kept[]): string[] {
  const byMachine = Map.groupBy(kept, ({ machine, measuredOn }) => `${measuredOn}: ${machineText(machine)}`);
  if (byMachine.size === 0) return [];
  const lines = [...byMachine].map(([text, rows]) => `- ${text} (${rows.map(({ id }) => `\`${id}\``).join(', ')})`);
  return ['## Machine\n', ...lines.toSorted(), ''];
}

const machineText = ({ cpu, cores, memoryGib, kernel, disk, node }: Machine): string =>
  `${cores} cores of ${cpu}, ${memoryGib} GiB, Linux ${kernel}, ${disk}, Node ${node}`;

function targetTable(entries: readonly Entry[]): string {
  const lines = ['| row | figure | measured | committed | stretch | |', '|---|---|---|---|---|---|'];
  for (const { id, kept } of entries) {
    if (kept === undefined) lines.push(`| [${id}](#${id}) | | not measured | | | |`);
    for (const target of kept?.targets ?? []) lines.push(targetLine(id, target));
  }
  return lines.join('\n');
}

const VERDICTS = { stretch: 'met, stretch too', met: 'met', missed: '**missed**' } as const;

function targetLine(id: string, { figure, better, committed, stretch, value, verdict }: Judged): string {
  const sign = better === 'higher' ? '≥' : '≤';
  const limit = (of: number | undefined): string => (of === undefined ? '' : `${sign} ${figureText(figure, of)}`);
  const measured = value === undefined ? 'not measured' : figureText(figure, value);
  const cells = [`[${id}](#${id})`, figure, measured, limit(committed), limit(stretch), VERDICTS[verdict]];
  return `| ${cells.join(' | ')} |`;
}

function entryText({ id, title, kept, note }: Entry): string {
  const parts = [`\n### ${id}\n`, `${title}.`];
  if (kept === undefined) return [...parts, '\nNot measured yet.'].join('\n');
  const noise = kept.noisyRounds === 0 ? 'all quiet' : `${kept.noisyRounds} of them with other work beside`;
  parts.push(`${kept.rounds} rounds, ${noise}. Checked: ${kept.checks}.\n`, figureTable(kept));
  const ratios = ratioLines(kept.ratios);
  if (ratios.length > 0) parts.push('\nRatios, median (least to most):\n', ...ratios);
  if (kept.guarantees.length > 0) parts.push('\nOn while it was measured:\n', ...kept.guarantees.map((g) => `- ${g}`));
  const isMissed = kept.targets.some(({ verdict }) => verdict === 'missed');
  if (note !== undefined) parts.push(`\n${isMissed ? '**What stands in the way.** ' : ''}${note}`);
  else if (isMissed) parts.push('\n**Missed**, and nobody has said yet why.');
  return parts.join('\n');
}

const keptSoakText = (soak: KeptSoak): string =>
  [
    soakText(soak),
    ...soak.guarantees.map((guarantee) => `- ${guarantee}`),
    `\n${soak.measuredOn}: ${machineText(soak.machine)}`,
  ].join('\n');

function figureTable({ sides }: Kept): string {
  const names = [...new Set(sides.flatMap(({ figures }) => Object.keys(figures)))];
  const lines = [
    `| figure, median (least to most) | ${sides.map(({ detail }) => detail).join(' | ')} |`,
    `|---|${sides.map(() => '---').join('|')}|`,
  ];
  for (const name of names) {
    const cells = sides.map(({ figures }) => {
      const summary = figures[name];
      return summary === undefined ? '' : summaryText(name, summary);
    });
    lines.push(`| ${name} | ${cells.join(' | ')} |`);
  }
  return lines.join('\n');
}

const ratioLines = (ratios: Figures): string[] =>
  Object.entries(ratios).map(([name, summary]) => `- ${name}: ${summaryText('', summary)}`);
