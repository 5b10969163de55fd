import { bytes, integer, message, text } from '@acervo/model/onnx/write.ts';
import { modelOf, node, opset, value } from '@acervo/model/onnx/write-model.ts';
import type { RunnableModel } from '../../ports/inference.ts';

/** Models that the intake refuses, given to a process all the same. Origin: this code. */
const BOOL = 9;
const INT64 = 7;

const tensor = (name: string, type: number, dims: readonly number[], raw: Uint8Array): Uint8Array =>
  message(...dims.map((dim) => integer(1, dim)), integer(2, type), text(8, name), bytes(9, raw));

/** A loop whose condition never ends. */
export function endlessLoop(): Uint8Array {
  const body = message(
    node({ type: 'Identity', inputs: ['cond_in'], outputs: ['cond_out'] }),
    node({ type: 'Identity', inputs: ['v_in'], outputs: ['v_out'] }),
    text(2, 'body'),
    value(11, 'iteration', [], INT64),
    value(11, 'cond_in', [], BOOL),
    value(11, 'v_in', [1]),
    value(12, 'cond_out', [], BOOL),
    value(12, 'v_out', [1]),
  );
  const GRAPH = 5;
  const attribute = message(text(1, 'body'), bytes(6, body), integer(20, GRAPH));
  const loop = node({ type: 'Loop', inputs: ['', 'cond', 'x'], outputs: ['y'], attributes: [attribute] });
  const cond = bytes(5, tensor('cond', BOOL, [], Uint8Array.of(1)));
  return modelOf([loop, cond, value(11, 'x', [1]), value(12, 'y', [1])], [opset(17)]);
}

/** Asks for 10 GB of zeros, and adds the input to them. */
export function hugeTensor(): Uint8Array {
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigInt64(0, 2_500_000_000n, true);
  const shape = bytes(5, tensor('shape', INT64, [1], length));
  const zeros = node({ type: 'ConstantOfShape', inputs: ['shape'], outputs: ['zeros'] });
  const sum = node({ type: 'Add', inputs: ['x', 'zeros'], outputs: ['sum'] });
  const end = node({ type: 'ReduceMax', inputs: ['sum'], outputs: ['y'] });
  return modelOf([zeros, sum, end, shape, value(11, 'x', [1]), value(12, 'y', [1])], [opset(17)]);
}

export const runnable = (digest: string, model: Uint8Array, deadlineMs = 60_000): RunnableModel => ({
  digest,
  bytes: model,
  memoryMiB: 256,
  deadlineMs,
});
