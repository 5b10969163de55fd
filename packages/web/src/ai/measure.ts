import { figureText } from '../parts/figures.ts';

const MM3_OF_ML = 1_000;
/** UCUM codes as people write them; `1` is no unit. */
const WRITTEN: Readonly<Record<string, string>> = { '1': '', mm2: 'mm²', mm3: 'mm³', cm2: 'cm²', cm3: 'cm³' };

/** A number of a report with its unit (UCUM): volumes in millilitres, as people say them, unless they are small. */
export function measureText(value: number | null, unit: string | null): string {
  if (value === null) return '';
  if (unit === 'mm3' && value >= MM3_OF_ML) return `${figureText(value / MM3_OF_ML)} mL`;
  return `${figureText(value)} ${WRITTEN[unit ?? '1'] ?? unit}`.trim();
}
