import type { Row } from './row.ts';
import { CSTORE_ROWS } from './rows/cstore.bench.ts';
import { FIND_ROWS } from './rows/find.bench.ts';
import { FIRST_FRAME_ROWS } from './rows/first-frame.bench.ts';
import { INFERENCE_ROWS } from './rows/inference.bench.ts';
import { INSTANCE_ROWS } from './rows/instances.bench.ts';
import { MEMORY_ROWS } from './rows/memory.bench.ts';
import { METADATA_ROWS } from './rows/metadata.bench.ts';
import { POLICY_ROWS } from './rows/policy.bench.ts';
import { PROCESS_ROWS } from './rows/processes.bench.ts';
import { QIDO_ROWS } from './rows/qido.bench.ts';
import { QR_ROWS } from './rows/qr.bench.ts';
import { RENDERED_ROWS } from './rows/rendered.bench.ts';
import { STOW_ROWS } from './rows/stow.bench.ts';
import { VERIFY_ROWS } from './rows/verify.bench.ts';
import { WADO_ROWS } from './rows/wado.bench.ts';

/** Every row, in the order of the document. One line for each file of rows. */
export const ROWS: readonly Row[] = [
  ...CSTORE_ROWS,
  ...STOW_ROWS,
  ...WADO_ROWS,
  ...METADATA_ROWS,
  ...RENDERED_ROWS,
  ...FIRST_FRAME_ROWS,
  ...QIDO_ROWS,
  ...FIND_ROWS,
  ...QR_ROWS,
  ...MEMORY_ROWS,
  ...INSTANCE_ROWS,
  ...PROCESS_ROWS,
  ...POLICY_ROWS,
  ...VERIFY_ROWS,
  ...INFERENCE_ROWS,
];
