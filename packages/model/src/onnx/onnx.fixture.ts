import { modelOf, node, value } from './write-model.ts';

/** The smallest sound model. Origin: this code. */
export const reluModel = (): Uint8Array =>
  modelOf([node({ type: 'Relu' }), value(11, 'x', [1, 'n']), value(12, 'y', [1, 'n'])]);
