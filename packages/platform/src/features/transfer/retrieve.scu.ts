import { C_GET_RQ, C_MOVE_RQ } from '@acervo/dicom/dimse/command.ts';
import { STORAGE_SOP_CLASSES } from '@acervo/dicom/sop-class.ts';
import { EXPLICIT_LE, IMPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { type DimseCaller, type DimseService, isPending } from '../../bindings/dimse.ts';
import { type Associate, type Association, CONTEXTS_MAX, type ProposedContext } from '../../bindings/dimse-scu.ts';
import { contextOf, identifierContext, STUDY_ROOT_FIND } from '../../bindings/find-scu.ts';
import type { Log } from '../../ports/log.ts';
import type { Address } from '../../ports/systems.ts';
import { type Keys, type RemoteInstance, retrievalIdentifier } from './find.scu.ts';

const MOVE = '1.2.840.10008.5.1.4.1.2.2.2';
const GET = '1.2.840.10008.5.1.4.1.2.2.3';
const JPEG = '1.2.840.10008.1.2.4.';
/**
 * In which objects are taken by C-GET, each offered in a context of its own, so that the source does not have to
 * convert. Where SOP classes are so many that not all fit, the last ones are left out.
 */
const TAKEN: readonly string[] = [
  EXPLICIT_LE,
  IMPLICIT_LE,
  ...['70', '80', '90', '50', '91', '81', '57', '51', '201', '203', '202'].map((each) => JPEG + each),
  '1.2.840.10008.1.2.5',
  ...['100', '101', '102', '103'].map((each) => JPEG + each),
  '1.2.840.10008.1.2.1.99',
];
const NATIVE: readonly string[] = [EXPLICIT_LE, IMPLICIT_LE];
const IN_USE = STORAGE_SOP_CLASSES.filter(({ retired }) => !retired).map(({ uid }) => uid);
/** Those of query and retrieval aside. */
const TAKING_MAX = CONTEXTS_MAX - 2;
/** UIDs of one request at IMAGE level: some peers read no longer lists. */
const UIDS_MAX = 100;

export type Way =
  /** The source sends to us: we are known there, and `acervo serve` runs. */
  | { by: 'move'; destination: string }
  /** The source sends on the association that we ask it on. */
  | { by: 'get'; store: DimseService; caller: DimseCaller };

export type RetrievePorts = { associate: Associate; log: Log; way: Way };

/** How the source ended it; numbers of sub-operations where it told them. */
export type Retrieved = {
  status: number;
  completed: number;
  failed: number;
  /** So many turns it takes until every SOP class has been offered. */
  turns: number;
};

export type Wanted = {
  study: string;
  missing: readonly RemoteInstance[];
  /** Everything of the study is missing. */
  isAll: boolean;
  /** Counts up from 0, with each retrieval of the study. */
  turn: number;
};

/**
 * Have the source send a study, or some instances of it.
 * @throws {Failure} ul/*, dimse/no-context
 */
export async function retrieveFrom(
  { associate, log, way }: RetrievePorts,
  source: Address,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<Retrieved> {
  const model = way.by === 'move' ? MOVE : GET;
  // Some sources take a retrieval only where a query could come, too.
  const contexts: ProposedContext[] = [identifierContext(model), identifierContext(STUDY_ROOT_FIND)];
  const sets = way.by === 'get' ? takingContexts(wanted.missing) : [];
  contexts.push(...(sets[wanted.turn % sets.length] ?? []));
  const performs = way.by === 'get' ? { services: [way.store], caller: way.caller, log } : undefined;
  const association = await associate(source, { contexts, signal, ...(performs && { performs }) });
  const total: Retrieved = { status: 0, completed: 0, failed: 0, turns: Math.max(1, sets.length) };
  try {
    for (const request of requestsOf(wanted)) {
      const { status, completed, failed } = await asked(association, model, way, request);
      total.completed += completed;
      total.failed += failed;
      if (status !== 0) total.status = status;
    }
    await association.release();
    return total;
  } catch (thrown) {
    await association.abort();
    throw thrown;
  }
}

/** One C-MOVE or C-GET to its final response. */
async function asked(
  association: Association,
  model: string,
  way: Way,
  { level, keys }: Request,
): Promise<Omit<Retrieved, 'turns'>> {
  const context = contextOf(association, model);
  const command = {
    affectedSopClassUid: model,
    commandField: way.by === 'move' ? C_MOVE_RQ : C_GET_RQ,
    priority: 0,
    ...(way.by === 'move' && { moveDestination: way.destination }),
  };
  const dataSet = retrievalIdentifier(context, level, keys);
  for await (const reply of association.ask({ context, command, dataSet })) {
    if (isPending(reply.status)) continue;
    const { numberOfCompletedSubOperations: completed = 0, numberOfFailedSubOperations: failed = 0 } = reply.command;
    return { status: reply.status, completed, failed };
  }
  throw new Failure('ul/aborted', 'no final response'); // ask ends with one, or throws.
}

type Request = { level: string; keys: Keys };

function* requestsOf({ study, missing, isAll }: Wanted): Generator<Request> {
  if (isAll) return yield { level: 'STUDY', keys: { StudyInstanceUID: study } };
  for (const [series, instances] of Map.groupBy(missing, (each) => each.series)) {
    for (let at = 0; at < instances.length; at += UIDS_MAX) {
      const uids = instances.slice(at, at + UIDS_MAX).map(({ sop }) => sop);
      const keys = { StudyInstanceUID: study, SeriesInstanceUID: series, SOPInstanceUID: uids.join('\\') };
      yield { level: 'IMAGE', keys };
    }
  }
}

/**
 * Contexts to take these instances on: sets for several associations in turn, where one does not suffice. A source
 * that does not name SOP classes (PS3.4 C.6.1.1.5 has them optional) is offered all of the standard.
 */
export function takingContexts(instances: readonly RemoteInstance[]): readonly (readonly ProposedContext[])[] {
  const classes = new Set(instances.map(({ sopClass }) => sopClass));
  const named = [...classes].filter((each) => each !== undefined);
  if (classes.has(undefined)) return setsOf(IN_USE, [NATIVE, TAKEN.filter((syntax) => !NATIVE.includes(syntax))]);
  const each = Math.max(2, Math.floor(TAKING_MAX / named.length));
  return setsOf(
    named,
    TAKEN.slice(0, each).map((syntax) => [syntax]),
  );
}

function setsOf(
  sopClasses: readonly string[],
  offers: readonly (readonly string[])[],
): readonly (readonly ProposedContext[])[] {
  const perSet = Math.floor(TAKING_MAX / offers.length);
  return Array.from({ length: Math.ceil(sopClasses.length / perSet) }, (_, index) =>
    sopClasses
      .slice(index * perSet, (index + 1) * perSet)
      .flatMap((abstractSyntax) =>
        offers.map((transferSyntaxes) => ({ abstractSyntax, transferSyntaxes, isScp: true })),
      ),
  );
}
