/**
 * A count of rounds or mutations times ACERVO_TEST_SCALE (default 1). Whoever uses it states a floor of its own,
 * below which the test would prove nothing.
 */
export function scaled(count: number): number {
  const scale = Number(process.env['ACERVO_TEST_SCALE'] ?? '1');
  if (!(scale > 0)) throw new RangeError(`ACERVO_TEST_SCALE=${process.env['ACERVO_TEST_SCALE']} is no positive number`);
  return Math.ceil(count * scale);
}
