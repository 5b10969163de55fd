import { C_GET_RQ } from '@acervo/dicom/dimse/command.ts';
import { isStorageSopClass } from '@acervo/dicom/sop-class.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { DimseRequest, DimseResponse, DimseService } from '../../bindings/dimse.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import type { Op } from '../../ports/op.ts';
import { deliver } from './deliver.ts';
import { agreeOnRelational, type InformationModel, MODELS, readRetrieveKeys } from './identifier.ts';
import { logEnd, note } from './outcome.ts';
import { PendingClock } from './pending.ts';
import { recorded, type Selection, select } from './selection.ts';
import { heldSendable, type Sendable } from './sendable.ts';
import { Tally } from './tally.ts';

export type GetPorts = Pick<Holdings, 'db' | 'files' | 'journal' | 'transcoder'>;

/** Query/Retrieve Service Class, C-GET SCP (PS3.4 C.4.3). */
export const cGetServices = (ports: GetPorts): DimseService[] =>
  MODELS.map((model) => ({
    commandField: C_GET_RQ,
    accepts: (abstractSyntax) => abstractSyntax === model.get,
    agree: agreeOnRelational,
    // The requestor takes the objects as SCP of their storage (PS3.4 C.5.3).
    letsRequestorBeScp: isStorageSopClass,
    serve: (request, op) => get(ports, model, request, op),
  }));

async function* get(
  ports: GetPorts,
  model: InformationModel,
  request: DimseRequest,
  op: Op,
): AsyncGenerator<DimseResponse, undefined> {
  const keys = await readRetrieveKeys(request, model.levels);
  const selection = recorded(ports, op, await select(ports, op, keys), { level: keys.level, service: 'C-GET' });
  const { transferSyntax } = request.context;
  const tally = new Tally(selection.total);
  const clock = new PendingClock();
  const { transcoder } = ports;
  const deliveries = deliver(request.peer, sendables(ports, selection), { transcoder, signal: op.signal });
  for await (const delivered of deliveries) {
    if (delivered.isLost) throw delivered.failure ?? new Failure('ul/aborted', 'lost');
    note(op, tally, delivered);
    if (request.cancelled.aborted && tally.remaining > 0) {
      logEnd(op, tally, { service: 'C-GET', isCanceled: true });
      return yield tally.canceled(transferSyntax);
    }
    if (clock.isDue(true)) yield tally.pending();
  }
  logEnd(op, tally, { service: 'C-GET', isCanceled: false });
  yield tally.final(transferSyntax);
}

async function* sendables(ports: GetPorts, selection: Selection): AsyncGenerator<Sendable> {
  for await (const { instances } of selection.batches()) {
    for (const instance of instances) yield heldSendable(ports.files, ports.transcoder, instance);
  }
}
