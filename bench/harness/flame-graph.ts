/** What V8 writes with --cpu-prof, as far as it is of use here. */
export type CpuProfile = {
  nodes: readonly {
    id: number;
    callFrame: { functionName: string; url: string; lineNumber: number };
    children?: readonly number[];
  }[];
  samples: readonly number[];
  /** Microseconds of the monotonic clock, which all processes of a machine share. */
  startTime: number;
  /** Microseconds from each sample to the one before. */
  timeDeltas: readonly number[];
};

/** From and to, in microseconds of the monotonic clock. */
export type Span = readonly [from: number, to: number];

/** A function as it was called by those above it, with all that it called. */
export type Frame = { name: string; micros: number; ownMicros: number; children: Frame[] };

const WIDTH_PX = 1200;
const ROW_PX = 17;
const CHAR_PX = 6.6;
const FRAME_PX_MIN = 0.6;
/** The thread waits: not where time goes. */
const WAITING = '(idle)';

/**
 * The tree of what a thread did. Frames of one name below the same parent are one; waiting is left out, so that the
 * widths are shares of the time in which it worked.
 * @param spans only what was sampled in these; none: all
 */
export function framesOf(profile: CpuProfile, spans: readonly Span[] = []): Frame {
  const micros = new Map<number, number>();
  let now = profile.startTime;
  for (const [index, id] of profile.samples.entries()) {
    const delta = Math.max(0, profile.timeDeltas[index] ?? 0);
    now += delta;
    if (spans.length > 0 && !spans.some(([from, to]) => from <= now && now <= to)) continue;
    micros.set(id, (micros.get(id) ?? 0) + delta);
  }
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const frameOf = (ids: readonly number[], name: string): Frame => {
    const ownMicros = ids.reduce((sum, id) => sum + (micros.get(id) ?? 0), 0);
    const below = ids.flatMap((id) => nodes.get(id)?.children ?? []).flatMap((id) => nodes.get(id) ?? []);
    const groups = Map.groupBy(below, ({ callFrame }) => nameOf(callFrame));
    const children = [...groups]
      .filter(([child]) => child !== WAITING)
      .map(([child, same]) =>
        frameOf(
          same.map(({ id }) => id),
          child,
        ),
      )
      .filter((child) => child.micros > 0)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    return { name, ownMicros, micros: children.reduce((sum, child) => sum + child.micros, ownMicros), children };
  };
  const root = profile.nodes[0];
  if (root === undefined) throw new RangeError('a profile without nodes');
  return frameOf([root.id], 'all');
}

/** A picture to look at and to search: each frame tells its name and share when it is pointed at. */
export function flameGraphSvg(root: Frame, title: string): string {
  const height = (depthOf(root) + 2) * ROW_PX;
  const rects: string[] = [];
  const draw = (frame: Frame, x: number, depth: number): void => {
    const width = (frame.micros / root.micros) * WIDTH_PX;
    if (width < FRAME_PX_MIN) return;
    rects.push(rectOf(frame, x, height - (depth + 1) * ROW_PX, width, root.micros));
    let at = x;
    for (const child of frame.children) {
      draw(child, at, depth + 1);
      at += (child.micros / root.micros) * WIDTH_PX;
    }
  };
  draw(root, 0, 0);
  const size = `width="${WIDTH_PX}" height="${height}" viewBox="0 0 ${WIDTH_PX} ${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="monospace" font-size="11">
<title>${escaped(title)}</title>
<text x="4" y="13">${escaped(title)}</text>
${rects.join('\n')}
</svg>
`;
}

/** The functions in which most of the time was spent, without what they called, as shares of 1. */
export function hottest(root: Frame, count: number): { name: string; share: number }[] {
  const own = new Map<string, number>();
  const visit = (frame: Frame): void => {
    own.set(frame.name, (own.get(frame.name) ?? 0) + frame.ownMicros);
    frame.children.forEach(visit);
  };
  visit(root);
  const shares = [...own].map(([name, micros]) => ({ name, share: micros / root.micros }));
  return shares.sort((a, b) => b.share - a.share).slice(0, count);
}

function nameOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  const [, file = url] = /\/((?:packages|node_modules)\/.*)$/.exec(url) ?? [];
  return `${name} ${file.replace(/^packages\/(\w+)\/src\//, '$1/')}:${lineNumber + 1}`;
}

const depthOf = ({ children }: Frame): number => 1 + Math.max(0, ...children.map(depthOf));

function rectOf(frame: Frame, x: number, y: number, width: number, allMicros: number): string {
  const share = ((100 * frame.micros) / allMicros).toFixed(1);
  const room = Math.floor((width - 4) / CHAR_PX);
  const label = room >= 3 ? frame.name.slice(0, room) : '';
  const place = `x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${ROW_PX - 1}"`;
  const box = `<rect ${place} fill="${colorOf(frame.name)}"/>`;
  const text = label === '' ? '' : `<text x="${(x + 2).toFixed(1)}" y="${y + 12}">${escaped(label)}</text>`;
  return `<g><title>${escaped(frame.name)}: ${share} %</title>${box}${text}</g>`;
}

/** Ours warm, Node's own cool, what V8 does by itself grey. */
function colorOf(name: string): string {
  if (name.startsWith('(')) return '#c8c8c8';
  if (/ node:/.test(name) || !/[/:]/.test(name)) return '#a9cce3';
  return name.includes('node_modules') ? '#d7bde2' : '#f5b971';
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
