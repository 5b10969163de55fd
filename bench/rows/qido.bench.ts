import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DicomJson } from '@acervo/dicom/json/to-json.ts';
import { tagText } from '@acervo/dicom/tag.ts';
import { T } from '@acervo/dicom/tags.ts';
import { createRandom } from '@acervo/kernel/random.ts';
import { type Acervo, startAcervo } from '../harness/acervo.ts';
import { latencies, type Requests } from '../harness/latencies.ts';
import { QidoClient } from '../harness/qido-client.ts';
import type { Bench, Row, Side, Sides, Target } from '../row.ts';
import { INSTITUTIONS } from '../studies/patients.ts';
import { type Asked, DRAWS, type Kind, PAGE } from '../studies/queries.ts';
import { studyIndex } from '../studies/study-index.ts';

/**
 * Budget of a page of 100 at a million studies: its rows by key 0.5 ms, counting 10,001 entries of an index 2 ms,
 * 130 KB of JSON read, written and sent 2 ms, the rest of HTTP, access and journal 0.5 ms.
 */
const MILLION = 1_000_000;
const ROUNDS = 5;
const REQUESTS = 200;
const QUICK_STUDIES = 20_000;
const QUICK_REQUESTS = 10;
/** Where paging begins, in matches: from here on each page is found by its cursor alone. */
const DEEP = 20_000;

const TITLES: Readonly<Record<Kind | 'paging', string>> = {
  patientId: 'by Patient ID',
  accession: 'by Accession Number',
  prefixAccented: "by a name's beginning, with accents",
  prefixPlain: "by a name's beginning, without accents",
  infixCommon: 'by letters within a name, common ones',
  infixRare: 'by letters within a name, rare ones that reach over two words',
  dateAndModality: 'by thirty days and modality',
  newest: 'the newest 100',
  paging: `pages of 100 by cursor, behind the first ${DEEP}`,
};
const KINDS = Object.keys(TITLES) as (Kind | 'paging')[];

/** Who asks: a token, and the institutions that it sees. */
const CALLERS = {
  all: ['*'],
  /** Every second and fifth of them: forty in a hundred, large and small. */
  twenty: INSTITUTIONS.filter((_, index) => index % 5 < 2),
  one: [],
} as const satisfies Record<string, readonly string[]>;
type Caller = keyof typeof CALLERS;

const within = (p50: number, p99: number, stretch: number): readonly Target[] => [
  { figure: 'p50Ms', better: 'lower', committed: p50, stretch },
  { figure: 'p99Ms', better: 'lower', committed: p99 },
];

export const QIDO_ROWS: readonly Row[] = [
  ...KINDS.map((kind) => row(kind, 1, within(25, 100, 10))),
  ...KINDS.map((kind) => row(kind, 5, within(50, 200, 25))),
  ...(['twenty', 'one'] as const).map(
    (caller): Row => ({
      id: `qido-1m-${caller}`,
      title: `QIDO-RS of 1,000,000 studies, kinds in turn, for who sees ${caller} of 50 institutions, against all`,
      isQuick: false,
      rounds: ROUNDS,
      targets: [{ figure: 'p50Ms/all', better: 'lower', committed: 1.5 }],
      open: (bench) => openRow(bench, MILLION, [caller, 'all'], MIXED),
    }),
  ),
  {
    id: 'qido-quick',
    title: 'QIDO-RS of 20,000 studies, all kinds in turn',
    isQuick: true,
    rounds: ROUNDS,
    targets: within(25, 100, 10),
    open: (bench) => openRow(bench, QUICK_STUDIES, ['all'], MIXED),
  },
];

const MIXED: readonly Kind[] = ['patientId', 'prefixPlain', 'infixCommon', 'infixRare', 'dateAndModality', 'newest'];

function row(kind: Kind | 'paging', millions: number, targets: readonly Target[]): Row {
  return {
    id: `qido-${millions}m-${kind.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    title: `QIDO-RS of ${millions},000,000 studies over one connection, ${TITLES[kind]}`,
    isQuick: false,
    rounds: ROUNDS,
    targets,
    open: (bench) => openRow(bench, millions * MILLION, ['all'], kind === 'paging' ? 'paging' : [kind]),
  };
}

async function openRow(
  bench: Bench,
  studies: number,
  callers: readonly [Caller, ...Caller[]],
  kinds: readonly Kind[] | 'paging',
): Promise<Sides | { skipped: string }> {
  const index = await studyIndex(studies, (line) => process.stdout.write(`studies: ${line}\n`));
  if ('skipped' in index) return index;
  const acervo = await startAcervo(bench, {
    dataDir: index.dataDir,
    env: { ACERVO_ACCESS_FILE: accessFile(bench.scratch) },
  });
  const [first, ...others] = callers.map((caller, nth) => {
    const client = new QidoClient(caller);
    bench.after(() => client.close());
    const requests = bench.isQuick ? QUICK_REQUESTS : REQUESTS;
    const asking = { acervo, client, caller, studies, requests };
    const round = kinds === 'paging' ? paging(asking) : searching(asking, kinds);
    return { name: nth === 0 ? 'acervo' : caller, round: () => latencies(acervo, round) };
  }) as [Side, ...Side[]];
  return {
    ours: first,
    peers: others,
    checks: 'every answer has matches, every match is what was asked for and of an institution that the caller sees',
    guarantees: () => guarantees(acervo),
    close: async () => {},
  };
}

type Asking = { acervo: Acervo; client: QidoClient; caller: Caller; studies: number; requests: number };

/** Requests that were not asked before in this row: whatever is remembered of one helps no other. */
function searching({ acervo, client, caller, studies, requests }: Asking, kinds: readonly Kind[]): Requests {
  const random = createRandom(`qido ${caller} ${kinds.join()}`);
  const asked = new Set<string>();
  const draw = (kind: Kind): Asked => {
    // Of common letters there are only some hundred.
    for (let tries = 0; ; tries++) {
      const drawn = DRAWS[kind](random, studies);
      if (!asked.has(drawn.query) || tries > 100) return drawn;
    }
  };
  return async (took) => {
    for (let number = 0; number < requests * (kinds.length > 1 ? kinds.length : 1); number++) {
      const { query, isMatch } = draw(kinds[number % kinds.length] as Kind);
      asked.add(query);
      const answer = await client.ask(`${acervo.http}/dicom-web/studies?${query}`);
      took(answer.ms);
      const matches = answer.status === 200 ? (JSON.parse(answer.body.toString()) as DicomJson[]) : [];
      const isRight = matches.length <= PAGE && matches.every((match) => isMatch(match) && isSeen(match, caller));
      // Who sees some institutions only may find nothing.
      const isFound = matches.length > 0 || (answer.status === 200 && caller !== 'all');
      if (!isRight || !isFound) throw new Error(`${query}: ${answer.status}, ${matches.length} matches, not all right`);
    }
  };
}

/** Page after page, each where the one before said. */
function paging({ acervo, client, studies, requests }: Asking): Requests {
  let depth = Math.min(DEEP, studies / 10);
  return async (took) => {
    const seen = new Set<string>();
    // Each round begins farther on, so that no page is asked for twice.
    let url = `${acervo.http}/dicom-web/studies?limit=${PAGE}&offset=${depth}`;
    depth += 2 * PAGE;
    let before = '99999999';
    for (let number = 0; number <= requests; number++) {
      const answer = await client.ask(url);
      if (number > 0) took(answer.ms);
      for (const match of JSON.parse(answer.body.toString()) as DicomJson[]) {
        const [uid, date] = [T.StudyInstanceUID, T.StudyDate].map((tag) => String(match[tagText(tag)]?.Value?.[0]));
        if (seen.has(uid ?? '') || (date ?? '') > before) throw new Error(`a page repeats, or is out of order: ${uid}`);
        seen.add(uid ?? '');
        before = date ?? '';
      }
      const next = /^<([^>]+)>; rel="next"$/.exec(String(answer.headers.link))?.[1];
      if (next === undefined) throw new Error(`no next page after ${seen.size}`);
      url = next;
    }
  };
}

/** Generated UIDs name the place of their institution. */
function isSeen(match: DicomJson, caller: Caller): boolean {
  const seen: readonly string[] = CALLERS[caller];
  const place = Number(String(match[tagText(T.StudyInstanceUID)]?.Value?.[0]).split('.')[7]);
  return seen.includes('*') || seen.includes(INSTITUTIONS[place - 1] ?? '') || place === 1;
}

function accessFile(scratch: string): string {
  const path = join(scratch, 'callers.json');
  const tokens = Object.entries(CALLERS).map(([name, sees]) => ({
    name,
    sha256: createHash('sha256').update(name).digest('hex'),
    institution: INSTITUTIONS[0],
    sees,
    actions: ['query'],
  }));
  writeFileSync(path, JSON.stringify({ systems: [], tokens }));
  return path;
}

async function guarantees({ http }: Acervo): Promise<string[]> {
  const { status } = await fetch(`${http}/dicom-web/studies?limit=1`);
  if (status !== 401) throw new Error(`access is not checked: ${status} without a token`);
  return [
    'access: enforced; HTTP without a token is answered 401, and matches are of institutions that the token sees',
    'PostgreSQL as shipped: 128 MiB of shared buffers, fsync on',
  ];
}
