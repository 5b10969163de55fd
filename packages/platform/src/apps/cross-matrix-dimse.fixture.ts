import type { TestContext } from 'node:test';
import {
  C_ECHO_RQ,
  C_FIND_RQ,
  C_GET_RQ,
  C_MOVE_RQ,
  C_STORE_RQ,
  N_ACTION_RQ,
  N_EVENT_REPORT_RQ,
} from '@acervo/dicom/dimse/command.ts';
import { EXPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { newUid } from '@acervo/dicom/uid.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { silentLog } from '@acervo/testkit/postgres.ts';
import { connect } from '../adapters/net/dimse-client.ts';
import type { DimseReply, DimseService } from '../bindings/dimse.ts';
import type { Association, ProposedContext } from '../bindings/dimse-scu.ts';
import { ask as askCommitment, reportTaker } from '../features/commitment/commitment.fixture.ts';
import { EVENT, PUSH_MODEL, PUSH_MODEL_INSTANCE, writeReport } from '../features/commitment/data-set.ts';
import { referencesOf } from '../features/commitment/references.ts';
import { FIND_MODELS } from '../features/query/find-models.ts';
import { image } from '../features/retrieve/retrieve.fixture.ts';
import { identifier, receiver, SECONDARY_CAPTURE, taking } from '../features/transfer/transfer.fixture.ts';
import type { Answer, Matrix, Subject, Who } from './cross-matrix.fixture.ts';
import type { Cell } from './cross-matrix-http.fixture.ts';

const VERIFICATION = '1.2.840.10008.1.1';
const QR = '1.2.840.10008.5.1.4.1.2.';
/** Patient Root, Study Root, and the retired Patient/Study Only. */
const ROOTS = ['1', '2', '3'].map((root) => QR + root);

/** What a service may be asked for, of everything that exists here. */
export const ABSTRACT_SYNTAXES: readonly string[] = [
  VERIFICATION,
  PUSH_MODEL,
  SECONDARY_CAPTURE,
  ...ROOTS.flatMap((root) => [`${root}.1`, `${root}.2`, `${root}.3`]),
];

export const keyOf = (commandField: number, abstractSyntax: string): string =>
  `${commandField.toString(16).padStart(4, '0')} ${abstractSyntax}`;

const COMPLETED = 'completed ';

/** Every DIMSE service, likewise. Systems ask: SYS_A and SYS_B. */
export function dimseCells(t: TestContext, matrix: Matrix): ReadonlyMap<string, Cell> {
  const has = ({ body }: Answer): boolean => body.startsWith(COMPLETED);
  const cells = new Map<string, Cell>();
  const study = (ask: Cell['ask']): Cell => ({ about: 'study', ask, has, isForSystems: true });
  const nobody = (ask: Cell['ask']): Cell => ({ about: 'nobody', ask, has: ({ status }) => status === 0 });
  cells.set(
    keyOf(C_ECHO_RQ, VERIFICATION),
    nobody(async (by) => {
      return associated(t, matrix, by, [context(VERIFICATION)], async (association) => {
        return { status: (await association.echo()).status, body: '' };
      });
    }),
  );
  cells.set(
    keyOf(C_STORE_RQ, SECONDARY_CAPTURE),
    nobody((by) => store(t, matrix, by)),
  );
  for (const { uid, levels } of FIND_MODELS) {
    const level = levels.includes('STUDY') ? 'STUDY' : 'PATIENT';
    const keys = (of: Subject) => ({ QueryRetrieveLevel: level, PatientID: of.patient, StudyInstanceUID: of.study });
    cells.set(
      keyOf(C_FIND_RQ, uid),
      study((by, of) => {
        return associated(t, matrix, by, [context(uid)], async (association) => {
          const replies = await ask(association, uid, C_FIND_RQ, keys(of));
          return { status: replies.at(-1)?.status ?? -1, body: replies.length > 1 ? COMPLETED : '' };
        });
      }),
    );
  }
  for (const root of ROOTS) {
    const keys = (of: Subject) => ({ QueryRetrieveLevel: 'STUDY', PatientID: of.patient, StudyInstanceUID: of.study });
    const move = `${root}.2`;
    cells.set(
      keyOf(C_MOVE_RQ, move),
      study((by, of) => {
        return associated(t, matrix, by, [context(move)], async (association) => {
          return counted(await ask(association, move, C_MOVE_RQ, keys(of), `TO_${by}`));
        });
      }),
    );
    const get = `${root}.3`;
    cells.set(
      keyOf(C_GET_RQ, get),
      study((by, of) => {
        const { service } = receiver();
        return associated(
          t,
          matrix,
          by,
          [context(get), taking([EXPLICIT_LE])],
          async (association) => {
            return counted(await ask(association, get, C_GET_RQ, keys(of)));
          },
          service,
        );
      }),
    );
  }
  // Who sent an object is told that it is kept: nothing that is shared or broken changes whose it is.
  cells.set(keyOf(N_ACTION_RQ, PUSH_MODEL), { ...study((by, of) => commit(t, matrix, by, of)), about: 'institution' });
  // The Transaction UID of what we asked, which is random, is the proof; of others' there is no question.
  cells.set(keyOf(N_EVENT_REPORT_RQ, PUSH_MODEL), {
    ...nobody((by) => report(t, matrix, by)),
    has: ({ status }) => status === 0x0115,
  });
  return cells;
}

const context = (abstractSyntax: string): ProposedContext => ({ abstractSyntax, transferSyntaxes: [EXPLICIT_LE] });

async function associated<T>(
  t: TestContext,
  { server }: Matrix,
  by: Who,
  contexts: readonly ProposedContext[],
  work: (association: Association) => Promise<T>,
  service?: DimseService,
): Promise<T> {
  const association = await connect({
    host: '127.0.0.1',
    port: server.dimsePort,
    callingAet: `SYS_${by}`,
    calledAet: 'ACERVO',
    contexts,
    timeoutMs: 20_000,
    signal: t.signal,
    ...(service && {
      performs: { services: [service], caller: { openOp: (signal) => testOp({ signal }) }, log: silentLog },
    }),
  });
  try {
    return await work(association);
  } finally {
    await association.abort();
  }
}

function ask(
  association: Association,
  abstractSyntax: string,
  commandField: number,
  keys: Parameters<typeof identifier>[0],
  moveDestination?: string,
): Promise<DimseReply[]> {
  const accepted = association.contexts.find((each) => each.abstractSyntax === abstractSyntax);
  if (accepted === undefined) throw new Error(`${abstractSyntax} is not accepted`);
  const command = {
    affectedSopClassUid: abstractSyntax,
    commandField,
    priority: 0,
    ...(moveDestination && { moveDestination }),
  };
  return Array.fromAsync(association.ask({ context: accepted, command, dataSet: identifier(keys) }));
}

function counted(replies: readonly DimseReply[]): Answer {
  const final = replies.at(-1);
  const completed = final?.command.numberOfCompletedSubOperations ?? 0;
  return { status: final?.status ?? -1, body: completed > 0 ? `${COMPLETED}${completed}` : '' };
}

function store(t: TestContext, matrix: Matrix, by: Who): Promise<Answer> {
  const sent = image({ study: newUid(), series: 1, number: 1, transferSyntaxUid: EXPLICIT_LE });
  return associated(t, matrix, by, [context(SECONDARY_CAPTURE)], async (association) => {
    const { status } = await association.store(sent);
    return { status, body: '' };
  });
}

/** The report comes over the association that asked. */
function commit(t: TestContext, matrix: Matrix, by: Who, of: Subject): Promise<Answer> {
  const { service, reports } = reportTaker();
  return associated(
    t,
    matrix,
    by,
    [context(PUSH_MODEL)],
    async (association) => {
      const status = await askCommitment(association, [{ sopClassUid: SECONDARY_CAPTURE, sopInstanceUid: of.sop }]);
      const told = new AbortController();
      const performing = association.perform(told.signal);
      while (reports.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      told.abort();
      await performing;
      const [first] = reports;
      const failed = first?.failed.map(({ reason }) => reason.toString(16)).join();
      return { status, body: failed === '' ? `${COMPLETED}${first?.committed.length}` : `failed ${failed}` };
    },
    service,
  );
}

function report(t: TestContext, matrix: Matrix, by: Who): Promise<Answer> {
  const asScp = { ...context(PUSH_MODEL), isScp: true };
  return associated(t, matrix, by, [asScp], async (association) => {
    const [accepted] = association.contexts;
    if (accepted === undefined) throw new Error('not accepted');
    const committed = [{ sopClassUid: SECONDARY_CAPTURE, sopInstanceUid: newUid() }];
    const of = { transactionUid: newUid(), references: referencesOf(committed), failures: {} };
    const dataSet = await writeReport(of, accepted.transferSyntax);
    const command = {
      affectedSopClassUid: PUSH_MODEL,
      affectedSopInstanceUid: PUSH_MODEL_INSTANCE,
      commandField: N_EVENT_REPORT_RQ,
      eventTypeId: EVENT.complete,
    };
    const [answer] = await Array.fromAsync(association.ask({ context: accepted, command, dataSet }));
    return { status: answer?.status ?? -1, body: '' };
  });
}
