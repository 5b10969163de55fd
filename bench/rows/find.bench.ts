import type { DicomJson } from '@acervo/dicom/json/to-json.ts';
import { tagText } from '@acervo/dicom/tag.ts';
import { T } from '@acervo/dicom/tags.ts';
import { createRandom } from '@acervo/kernel/random.ts';
import { connect } from '@acervo/platform/adapters/net/dimse-client.ts';
import type { Association } from '@acervo/platform/bindings/dimse-scu.ts';
import { identifierContext, STUDY_ROOT_FIND } from '@acervo/platform/bindings/find-scu.ts';
import { keysOf } from '@acervo/platform/features/query/asked-keys.ts';
import { askedIdentifier, askFind } from '@acervo/platform/features/query/query.scu.ts';
import { startAcervo } from '../harness/acervo.ts';
import { latencies } from '../harness/latencies.ts';
import type { Bench, Measured, Row, Sides, Target } from '../row.ts';
import { type Asked, DRAWS, type Kind, PAGE } from '../studies/queries.ts';
import { studyIndex } from '../studies/study-index.ts';

/**
 * Budget of the first hundred matches at a million studies: what QIDO-RS needs for the same page without its JSON
 * (qido.bench.ts), and for each response 0.05 ms to be made, sent and read.
 */
const MILLION = 1_000_000;
const ROUNDS = 5;
const REQUESTS = 200;
const QUICK_STUDIES = 20_000;
const QUICK_REQUESTS = 10;
const TIMEOUT_MS = 60_000;

const KINDS: readonly Kind[] = ['patientId', 'accession', 'prefixPlain', 'infixRare', 'dateAndModality', 'newest'];
/** What a list of studies shows. */
const RETURNED = [
  'StudyInstanceUID',
  'PatientName',
  'PatientID',
  'StudyDate',
  'StudyTime',
  'AccessionNumber',
  'ModalitiesInStudy',
  'StudyDescription',
  'NumberOfStudyRelatedInstances',
];

const within = (p50: number, p99: number, stretch: number): readonly Target[] => [
  { figure: 'p50Ms', better: 'lower', committed: p50, stretch },
  { figure: 'p99Ms', better: 'lower', committed: p99 },
];

export const FIND_ROWS: readonly Row[] = [
  row('find-1m', 'C-FIND of 1,000,000 studies over one association, six kinds of keys in turn', MILLION),
  { ...row('find-quick', 'C-FIND of 20,000 studies, six kinds of keys in turn', QUICK_STUDIES), isQuick: true },
];

function row(id: string, title: string, studies: number): Row {
  const open = (bench: Bench): ReturnType<Row['open']> => openRow(bench, studies);
  return { id, title, isQuick: false, rounds: ROUNDS, targets: within(25, 100, 10), open };
}

async function openRow(bench: Bench, studies: number): Promise<Sides | { skipped: string }> {
  const index = await studyIndex(studies, (line) => process.stdout.write(`studies: ${line}\n`));
  if ('skipped' in index) return index;
  // A system sees its own institution only; the requests are drawn from all.
  const acervo = await startAcervo(bench, { dataDir: index.dataDir, env: { ACERVO_ACCESS: 'open' } });
  const association = await connect({
    host: '127.0.0.1',
    port: acervo.dimsePort,
    callingAet: 'FINDSCU',
    calledAet: acervo.aeTitle,
    contexts: [identifierContext(STUDY_ROOT_FIND)],
    timeoutMs: TIMEOUT_MS,
    signal: new AbortController().signal,
  });
  bench.after(() => association.abort());
  const random = createRandom(`find ${studies}`);
  const requests = bench.isQuick ? QUICK_REQUESTS : REQUESTS;
  const asked = new Set<string>();
  const draw = (kind: Kind): Asked => {
    for (;;) {
      const drawn = DRAWS[kind](random, studies);
      // What is remembered of one request helps no other.
      if (!asked.has(drawn.query)) return drawn;
    }
  };
  const round = (): Promise<Measured> =>
    latencies(acervo, async (took) => {
      for (let number = 0; number < requests * KINDS.length; number++) {
        const drawn = draw(KINDS[number % KINDS.length] as Kind);
        asked.add(drawn.query);
        took(await firstMatches(association, drawn));
      }
    });
  return {
    ours: { name: 'acervo', round },
    peers: [],
    checks: 'every request has matches, and every match is what was asked for',
    guarantees: async () => [
      'access: open, since a system sees one institution and the requests are of all',
      'PostgreSQL as shipped: 128 MiB of shared buffers, fsync on',
    ],
    close: async () => {},
  };
}

/** The first hundred matches, or all; a C-CANCEL ends the rest, and is not counted. @returns milliseconds */
async function firstMatches(association: Association, { query, isMatch }: Asked): Promise<number> {
  const words = [...new URLSearchParams(query)].filter(([name]) => name !== 'limit').map((pair) => pair.join('='));
  const named = new Set(words.map((word) => word.split('=')[0]));
  const keys = keysOf([...words, ...RETURNED.filter((keyword) => !named.has(keyword))]);
  const [context] = association.contexts;
  if (context === undefined) throw new Error('C-FIND is not accepted');
  const matches: DicomJson[] = [];
  const began = performance.now();
  let ms: number | undefined;
  for await (const { json } of askFind(association, context, askedIdentifier({ level: 'STUDY', keys }), undefined)) {
    if (matches.push(json) < PAGE) continue;
    ms = performance.now() - began;
    break;
  }
  ms ??= performance.now() - began;
  const isRight =
    matches.length > 0 && matches.every((match) => isMatch(match) && tagText(T.StudyInstanceUID) in match);
  if (!isRight) throw new Error(`${query}: ${matches.length} matches, not all right`);
  return ms;
}
