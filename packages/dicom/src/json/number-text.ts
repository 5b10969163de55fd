/** A decimal as JSON writes it (RFC 8259 6), short enough that 15 digits, hence any double, carry it. */
const SHORT_DECIMAL = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/;
const SHORT_CHARS_MAX = 15;

const DECIMAL = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?$/;
const INTEGER = /^[+-]?[0-9]+$/;

/**
 * The JSON of one Decimal String or Integer String without its padding. PS3.18 F.2.3 lets both be numbers
 * or strings: here a number where a double has exactly the value of the text, else a string, so that a
 * reader of the number is never told another value than the one that was sent. Text that is no number
 * stays as it is, also a fraction in an Integer String.
 */
export function decimalJson(text: string, isInteger: boolean): string {
  if (text.length <= SHORT_CHARS_MAX && SHORT_DECIMAL.test(text) && !(isInteger && text.includes('.'))) return text;
  const number = Number(text);
  const isExact = isInteger
    ? INTEGER.test(text) && Number.isSafeInteger(number)
    : Number.isFinite(number) && isSameDecimal(text, String(number));
  return isExact ? String(number) : JSON.stringify(text);
}

function isSameDecimal(text: string, other: string): boolean {
  const [a, b] = [normalDecimal(text), normalDecimal(other)];
  return a !== undefined && b !== undefined && a.digits === b.digits && a.exponent === b.exponent;
}

/** A decimal as sign and digits without zeros at either end, times a power of ten; undefined for no decimal. */
function normalDecimal(text: string): { digits: string; exponent: number } | undefined {
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', power = '0'] = match;
  if (whole === '' && fraction === '') return undefined;
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return { digits: '0', exponent: 0 };
  const exponent = Number(power) - fraction.length + (digits.length - significant.length);
  return { digits: (sign === '-' ? '-' : '') + significant, exponent };
}
