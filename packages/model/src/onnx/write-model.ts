import { viewOf } from '@acervo/kernel/bytes.ts';
import { bytes, integer, message, type Part, text } from './write.ts';

/** Writes small ONNX files part by part (onnx.proto): for models that the project makes itself. */
export type Node = { type: string; domain?: string; inputs?: string[]; outputs?: string[]; attributes?: Part[] };

export const node = ({ type, domain, inputs = ['x'], outputs = ['y'], attributes = [] }: Node): Part =>
  bytes(
    1,
    message(
      ...inputs.map((name) => text(1, name)),
      ...outputs.map((name) => text(2, name)),
      text(4, type),
      ...attributes.map((attribute) => bytes(5, attribute)),
      ...(domain === undefined ? [] : [text(7, domain)]),
    ),
  );

/** AttributeProto of one integer, or of several. */
export function attribute(name: string, value: number | readonly number[]): Part {
  const [INT, INTS] = [2, 7];
  if (typeof value === 'number') return message(text(1, name), integer(3, value), integer(20, INT));
  return message(text(1, name), ...value.map((each) => integer(8, each)), integer(20, INTS));
}

const FLOAT32 = 1;

/** An input (11) or output (12) of the graph. */
export const value = (field: 11 | 12, name: string, dims: readonly (number | string)[], type = FLOAT32): Part => {
  const shape = dims.map((dim) => bytes(1, typeof dim === 'number' ? integer(1, dim) : text(2, dim)));
  return bytes(
    field,
    message(text(1, name), bytes(2, bytes(1, message(integer(1, type), bytes(2, message(...shape)))))),
  );
};

/** Weights. */
export function initializer(name: string, dims: readonly number[], values: readonly number[]): Part {
  const raw = new Uint8Array(values.length * 4);
  for (const [index, each] of values.entries()) viewOf(raw).setFloat32(index * 4, each, true);
  const shape = dims.map((dim) => integer(1, dim));
  return bytes(5, message(...shape, integer(2, FLOAT32), text(8, name), bytes(9, raw)));
}

export const opset = (version: number, domain = ''): Part => bytes(8, message(text(1, domain), integer(2, version)));

/** A whole model around the parts of its graph. */
export const modelOf = (graph: readonly Part[], more: readonly Part[] = [opset(17)]): Uint8Array =>
  message(integer(1, 8), text(2, 'acervo'), bytes(7, message(...graph, text(2, 'g'))), ...more);
