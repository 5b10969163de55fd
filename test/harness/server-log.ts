type Line = { level: string; event: string; code?: string; detail?: string };

/** Lines of a server's log, JSON each. */
export function logLines(text: string): Line[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);
}

/** What the server did not foresee. An error of a peer or a full disk is never one of these. */
export function internalErrors(text: string): string[] {
  return text.split('\n').filter((line) => line.includes('"internal"') || /^\w*Error\b/.test(line));
}

/** How often each event was logged with each code, the most frequent first: for a test's report. */
export function eventCounts(text: string): string {
  const counts = new Map<string, number>();
  for (const { level, event, code = '' } of logLines(text)) {
    if (level === 'info' || level === 'debug') continue;
    const key = `${event} ${code}`.trim();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([key, count]) => `${key}: ${count}`)
    .join(', ');
}
