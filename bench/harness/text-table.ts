import type { Judged } from './figures.ts';
import type { RowResult } from './run-row.ts';
import type { Summary } from './statistics.ts';

const BYTES_PER_MIB = 2 ** 20;

/** A figure as people read it: bytes as MiB where the name says Bytes, three digits otherwise. */
export function figureText(name: string, value: number): string {
  if (/RssBytes|Bytes$/.test(name) && value >= BYTES_PER_MIB) return `${(value / BYTES_PER_MIB).toFixed(0)} MiB`;
  if (value === 0 || value >= 100) return value.toFixed(0);
  return value.toPrecision(3);
}

export const summaryText = (name: string, { min, median, max }: Summary): string =>
  `${figureText(name, median)} (${figureText(name, min)} to ${figureText(name, max)})`;

export function targetText({ figure, better, committed, stretch, value, verdict }: Judged): string {
  const sign = better === 'higher' ? 'at least' : 'at most';
  const second = stretch === undefined ? '' : `, stretch ${figureText(figure, stretch)}`;
  const is = value === undefined ? 'not measured' : figureText(figure, value);
  return `${verdict.toUpperCase().padEnd(7)} ${figure}: ${is}, ${sign} ${figureText(figure, committed)}${second}`;
}

/** A row's result for a terminal. */
export function resultText(result: RowResult): string {
  const lines = [`== ${result.id}: ${result.title}`, `   ${result.rounds} rounds, ${result.noisyRounds} noisy`];
  const width = Math.max(...result.sides.map(({ name }) => name.length));
  for (const { name, detail, figures } of result.sides) {
    const texts = Object.entries(figures).map(([figure, summary]) => `${figure} ${summaryText(figure, summary)}`);
    lines.push(`   ${name.padEnd(width)}  ${texts.join(', ')}  [${detail}]`);
  }
  const ratios = Object.entries(result.ratios).filter(([name]) => !/Bytes/.test(name));
  if (ratios.length > 0)
    lines.push(`   ratios  ${ratios.map(([name, summary]) => `${name} ${summaryText(name, summary)}`).join(', ')}`);
  lines.push(`   checked ${result.checks}`);
  for (const guarantee of result.guarantees) lines.push(`   on      ${guarantee}`);
  for (const target of result.targets) lines.push(`   ${targetText(target)}`);
  return lines.join('\n');
}
