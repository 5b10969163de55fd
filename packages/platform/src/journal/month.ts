/** A month of UTC as `YYYY-MM`. Ids begin with their time (UUIDv7), and the journal is parted by that. */
export const monthOf = (id: string): string =>
  new Date(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toISOString().slice(0, 7);

/** The month so many months later, or earlier. */
export function monthAfter(month: string, count: number): string {
  const [year = 0, number = 0] = month.split('-').map(Number);
  return new Date(Date.UTC(year, number - 1 + count)).toISOString().slice(0, 7);
}
