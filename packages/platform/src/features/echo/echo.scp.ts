import { C_ECHO_RQ } from '@acervo/dicom/dimse/command.ts';
import type { DimseService } from '../../bindings/dimse.ts';

/** Verification SOP Class (PS3.4 A.4). */
const VERIFICATION = '1.2.840.10008.1.1';

/** C-ECHO: that the answer comes is all it says. */
export const cEcho: DimseService = {
  commandField: C_ECHO_RQ,
  accepts: (abstractSyntax) => abstractSyntax === VERIFICATION,
  serve: () => Promise.resolve({ status: 0x0000 }),
};
