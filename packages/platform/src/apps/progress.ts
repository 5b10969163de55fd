import { progressLine, sizeText } from './progress-line.ts';

/** Counts what is done and shows it: a bar on a terminal, one line at the end elsewhere, nothing when silent. */
export type Progress = { add(count: number, bytes: number): void; finish(): void };

/** @param total of what `add` counts */
export function progressOf(label: string, total: number, to: NodeJS.WriteStream, isSilent: boolean): Progress {
  const startedMs = performance.now();
  const line = progressLine(to, !isSilent);
  let count = 0;
  let bytes = 0;
  const text = (): string => {
    const seconds = Math.max(0.001, (performance.now() - startedMs) / 1000);
    return `${label.padEnd(14)} ${count}/${total}  ${sizeText(bytes)}  ${sizeText(bytes / seconds)}/s`;
  };
  return {
    add(more, moreBytes) {
      count += more;
      bytes += moreBytes;
      line.show(count / Math.max(1, total), text());
    },
    finish() {
      line.end();
      if (!isSilent && !to.isTTY) line.line(text());
    },
  };
}
