import { C_STORE_RQ } from '@acervo/dicom/dimse/command.ts';
import { isStorageSopClass } from '@acervo/dicom/sop-class.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { DimseRequest, DimseResponse, DimseService } from '../../bindings/dimse.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import type { Receipt } from '../../holdings/store.ts';
import type { Op } from '../../ports/op.ts';
import { storeObject } from './store-object.ts';

/** PS3.4 table B.2-1: "Coercion of Data Elements" is the one warning that says "stored, but look". */
export const STORED_WITH_WARNING = 0xb000;

/** Storage Service Class, SCP (PS3.4 B.2): success only when the object is durable and visible. */
export function cStore(holdings: Holdings): DimseService {
  return {
    commandField: C_STORE_RQ,
    accepts: isStorageSopClass,
    serve: async (request, op) => responseTo(await receive(holdings, request, op)),
  };
}

function receive(holdings: Holdings, request: DimseRequest, op: Op): Promise<Receipt> {
  const { affectedSopClassUid, affectedSopInstanceUid } = request.command;
  if (affectedSopClassUid === undefined || affectedSopInstanceUid === undefined) {
    throw new Failure('dimse/bad-command', 'C-STORE-RQ without Affected SOP Class or Instance UID');
  }
  return storeObject(holdings, op, {
    form: 'dataset',
    sopClassUid: affectedSopClassUid,
    sopInstanceUid: affectedSopInstanceUid,
    transferSyntaxUid: request.context.transferSyntax,
    sourceAet: request.callingAet,
    body: request.dataSet,
  });
}

function responseTo(receipt: Receipt): DimseResponse {
  if (receipt.kind !== 'version') return { status: 0x0000 };
  return { status: STORED_WITH_WARNING, errorComment: 'Stored as a further version: UID holds other content' };
}
