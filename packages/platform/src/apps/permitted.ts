import { C_ECHO_RQ, C_FIND_RQ, C_GET_RQ, C_MOVE_RQ, C_STORE_RQ, N_ACTION_RQ } from '@acervo/dicom/dimse/command.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { DimseService } from '../bindings/dimse.ts';
import type { Service } from '../ports/systems.ts';
import type { Access } from './access.ts';

const SERVICE_OF: ReadonlyMap<number, Service> = new Map([
  [C_ECHO_RQ, 'echo'],
  [C_STORE_RQ, 'store'],
  [C_FIND_RQ, 'find'],
  [C_MOVE_RQ, 'move'],
  [C_GET_RQ, 'get'],
  [N_ACTION_RQ, 'commit'],
]);

/** The same service for those systems that may ask for it; others are answered 0x0124, not authorized. */
export function permitted(service: DimseService, access: Pick<Access, 'mayAsk'>): DimseService {
  const asked = SERVICE_OF.get(service.commandField);
  if (asked === undefined) return service;
  return {
    ...service,
    serve: (request, op) => {
      if (access.mayAsk(op.system, asked)) return service.serve(request, op);
      op.log.warn('service.denied', { op: op.id, callingAet: op.system, service: asked });
      throw new Failure('access/denied', `${op.system} may not ask for ${asked}`);
    },
  };
}
