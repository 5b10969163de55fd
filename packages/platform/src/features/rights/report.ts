import type { Access, AccessReport } from './accesses.ts';
import type { Words } from './words.ts';

/** Clocks of the report: central Mexico, which most of the country has; each time says its offset. */
const TIME_ZONE = 'America/Mexico_City';

/** The report as a document of its own: no script, nothing fetched, made to be printed. */
export function reportHtml(report: AccessReport, words: Words): string {
  const { columns } = words;
  const head = (['at', 'who', 'what', 'why', 'from', 'count'] as const)
    .map((name) => `<th scope="col">${escaped(columns[name])}</th>`)
    .join('');
  const rows = report.accesses.map((access) => rowHtml(access, words)).join('\n');
  const facts: [string, string][] = [
    [words.patient, readable(report.patient)],
    ...(report.linked.length > 0 ? [[words.linked, report.linked.map(readable).join('; ')] as [string, string]] : []),
    [words.period, `${timeText(report.period.from, words)} – ${timeText(report.period.until, words)}`],
    [words.studies, String(report.studies)],
    [words.madeAt, timeText(report.madeAt, words)],
    ...retiredOf(report, words),
  ];
  return `<!doctype html>
<html lang="${words.lang}">
<head>
<meta charset="utf-8">
<title>${escaped(words.title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escaped(words.title)}</h1>
<p>${escaped(words.intro)}</p>
<dl>${facts.map(([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`).join('')}</dl>
${report.isWhole ? '' : `<p role="alert"><strong>${escaped(words.cut)}</strong></p>`}
${
  report.accesses.length === 0
    ? `<p>${escaped(words.none)}</p>`
    : `<table><thead><tr>${head}</tr></thead><tbody>\n${rows}\n</tbody></table>`
}
<footer><p>${escaped(words.limits)}</p><p>${escaped(words.verify)}</p></footer>
</main>
</body>
</html>
`;
}

/** The same as lines for a terminal. */
export function reportText(report: AccessReport, words: Words): string {
  const lines = report.accesses.map((access) => {
    const { at, who, what, why, from, count } = cellsOf(access, words);
    return [at, who, what, why, from, `${count}×`].join(' | ');
  });
  return [
    `${words.title}: ${readable(report.patient)}`,
    ...report.linked.map((ref) => `${words.linked} ${readable(ref)}`),
    `${words.period}: ${timeText(report.period.from, words)} – ${timeText(report.period.until, words)}`,
    ...retiredOf(report, words).map((pair) => pair.join(' ')),
    ...(report.isWhole ? [] : [words.cut]),
    ...(lines.length === 0 ? [words.none] : lines),
    words.limits,
  ].join('\n');
}

const retiredOf = ({ retiredBefore }: AccessReport, words: Words): [string, string][] =>
  retiredBefore === undefined ? [] : [[words.retired, timeText(retiredBefore, words)]];

function rowHtml(access: Access, words: Words): string {
  const { at, who, what, why, from, count } = cellsOf(access, words);
  const cells = [at, who, what, why, from, count].map((cell) => `<td>${escaped(cell)}</td>`).join('');
  return `<tr id="${escaped(access.event)}">${cells}</tr>`;
}

function cellsOf(access: Access, words: Words) {
  const { kind, actor, who, study, aspect, receiver, door, purpose, institution } = access;
  const name = who?.name === undefined ? actor.id : `${who.name} (${actor.id})`;
  const what = study === '' ? words.everything : `${words.aspects[aspect] ?? aspect} ${words.study} ${study}`;
  const to = receiver === undefined ? '' : `, ${words.sentTo} ${receiver}`;
  const places = [who?.institution, who?.place, words.doors[door] ?? door].filter((text) => text !== undefined);
  return {
    at: timeText(access.at, words),
    who: `${name}, ${words.actors[actor.kind]}`,
    what: `${words.kinds[kind]} ${what} (${institution})${to}`,
    why: words.purposes[purpose] ?? purpose,
    from: places.join(', '),
    count: String(access.count),
  };
}

function timeText(at: string, { lang }: Words): string {
  return new Intl.DateTimeFormat(lang, {
    timeZone: TIME_ZONE,
    dateStyle: 'long',
    timeStyle: 'long',
  }).format(new Date(at));
}

/** A reference of a patient as people read it. */
function readable(ref: string): string {
  if (ref === '') return '–';
  const [institution = '', issuer = '', id = ''] = ref.split('/').map(decodeURIComponent);
  return issuer === institution || issuer === '' ? `${id} (${institution})` : `${id} (${issuer}, ${institution})`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;color:#1a1a1a;margin:2rem auto;max-width:70rem;padding:0 1rem}' +
  'dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem}dt{font-weight:600}dd{margin:0}' +
  'table{border-collapse:collapse;width:100%;font-size:.9rem}td,th{border-bottom:1px solid #bbb;padding:.4rem;' +
  'text-align:left;vertical-align:top;overflow-wrap:anywhere}footer{font-size:.85rem;color:#444;margin-top:2rem}' +
  '@media print{body{margin:0;max-width:none}}';
