/** A table; a bar within a cell is escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

export const code = (text: string): string => `\`${text}\``;

/** A status or reason as the standard writes it, e.g. 0xA700. */
export const hex = (status: number): string => `0x${status.toString(16).toUpperCase().padStart(4, '0')}`;

/** Digits in groups of three, e.g. 131 072. */
export const digits = (value: number): string => String(value).replaceAll(/\B(?=(\d{3})+$)/g, ' ');

/** A yes stands out in a table; a no is empty. */
export const mark = (isSo: boolean): string => (isSo ? 'yes' : '');
