import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROWS } from '../rows.ts';
import { describePerformance } from './document.ts';
import { keptOf, keptSoakOf, noteOf } from './kept.ts';

const FLAME_GRAPH = 'performance/cstore.svg';

/** docs/performance.md, from what is kept below the root of the repository. */
export function performanceDocument(root: string): string {
  const entries = ROWS.map(({ id, title }) => ({ id, title, kept: keptOf(root, id), note: noteOf(root, id) }));
  return describePerformance({ entries, soak: keptSoakOf(root), flameGraph: flameGraphText(root) });
}

function flameGraphText(root: string): string | undefined {
  if (!existsSync(join(root, 'docs', FLAME_GRAPH))) return undefined;
  const note = noteOf(root, 'flame-graph');
  return [`![Flame graph of the JavaScript thread](${FLAME_GRAPH})`, note]
    .filter((text) => text !== undefined)
    .join('\n\n');
}
