import { C_MOVE_RQ } from '@acervo/dicom/dimse/command.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { DimseRequest, DimseResponse, DimseService } from '../../bindings/dimse.ts';
import type { Associate } from '../../bindings/dimse-scu.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { viewOf } from '../../holdings/scope.ts';
import type { Op } from '../../ports/op.ts';
import type { Address, Systems } from '../../ports/systems.ts';
import { wholeInstitutions } from '../../ports/view.ts';
import { deliverTo } from './destination.ts';
import { type InformationModel, MODELS, readRetrieveKeys } from './identifier.ts';
import { logEnd, note } from './outcome.ts';
import { ALIVE_MS, PendingClock, withTicks } from './pending.ts';
import { recorded, type Selection, select } from './selection.ts';
import { heldSendable, type Sendable } from './sendable.ts';
import { Tally } from './tally.ts';

export type MovePorts = Pick<Holdings, 'db' | 'files' | 'journal' | 'log' | 'transcoder'> & {
  associate: Associate;
  systems: Pick<Systems, 'destination' | 'byAeTitle'>;
};

/** Query/Retrieve Service Class, C-MOVE SCP (PS3.4 C.4.2). */
export const cMoveServices = (ports: MovePorts): DimseService[] =>
  MODELS.map((model) => ({
    commandField: C_MOVE_RQ,
    accepts: (abstractSyntax) => abstractSyntax === model.move,
    serve: (request, op) => move(ports, model, request, op),
  }));

async function* move(
  ports: MovePorts,
  model: InformationModel,
  request: DimseRequest,
  op: Op,
): AsyncGenerator<DimseResponse, undefined> {
  const address = destinationOf(ports.systems, request, op);
  const { aeTitle: destination } = address;
  const keys = await readRetrieveKeys(request, model.levels);
  const about = { level: keys.level, service: 'C-MOVE', destination } as const;
  const selection = recorded(ports, op, await select(ports, op, keys), about);
  const { transferSyntax } = request.context;
  const tally = new Tally(selection.total);
  const clock = new PendingClock();
  const moveOriginator = { aeTitle: request.callingAet, messageId: request.command.messageId ?? 0 };
  const to = { address, moveOriginator, signal: op.signal };
  let told = selection.total;
  // Whatever the destination does or does not, the requestor hears that its retrieval goes on.
  for await (const step of withTicks(deliverTo(ports, to, sendables(ports, selection)), ALIVE_MS)) {
    if (step !== 'tick') note(op, tally, step);
    if (step !== 'tick' && request.cancelled.aborted && tally.remaining > 0) {
      logEnd(op, tally, { service: 'C-MOVE', destination, isCanceled: true });
      return yield tally.canceled(transferSyntax);
    }
    op.signal.throwIfAborted();
    if (!clock.isDue(tally.remaining !== told)) continue;
    told = tally.remaining;
    yield tally.pending();
  }
  logEnd(op, tally, { service: 'C-MOVE', destination, isCanceled: false });
  yield tally.final(transferSyntax);
}

/**
 * Where to. A system of an institution that the caller does not see is unknown to it.
 * @throws {Failure} retrieve/unknown-destination
 */
function destinationOf(systems: MovePorts['systems'], { command }: DimseRequest, op: Op): Address {
  const aeTitle = command.moveDestination ?? '';
  const institution = systems.byAeTitle(aeTitle)?.institution;
  const isKnown = institution !== undefined && (wholeInstitutions(viewOf(op, 'read'))?.includes(institution) ?? true);
  const address = isKnown ? systems.destination(aeTitle) : undefined;
  if (address === undefined) throw new Failure('retrieve/unknown-destination', `${aeTitle} for ${op.system}`);
  return address;
}

async function* sendables(ports: MovePorts, selection: Selection): AsyncGenerator<readonly Sendable[]> {
  for await (const { instances } of selection.batches()) {
    yield instances.map((instance) => heldSendable(ports.files, ports.transcoder, instance));
  }
}
