import { bytes, integer, message, type Part, text } from './write.ts';

/** Small ONNX files, sound and hostile ones, written field by field (onnx.proto). Origin: this code. */
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

const FLOAT32 = 1;

export const value = (field: 11 | 12, name: string, dims: readonly (number | string)[], type = FLOAT32): Part => {
  const shape = dims.map((dim) => bytes(1, typeof dim === 'number' ? integer(1, dim) : text(2, dim)));
  return bytes(
    field,
    message(text(1, name), bytes(2, bytes(1, message(integer(1, type), bytes(2, message(...shape)))))),
  );
};

export const opset = (version: number, domain = ''): Part => bytes(8, message(text(1, domain), integer(2, version)));

/** A whole model around the parts of its graph. */
export const modelOf = (graph: readonly Part[], more: readonly Part[] = [opset(17)]): Uint8Array =>
  message(integer(1, 8), text(2, 'acervo'), bytes(7, message(...graph, text(2, 'g'))), ...more);

export const reluModel = (): Uint8Array =>
  modelOf([node({ type: 'Relu' }), value(11, 'x', [1, 'n']), value(12, 'y', [1, 'n'])]);

export const CLAIM = { file: 'model.onnx', opset: 17, domains: ['ai.onnx'], inputs: ['x'], outputs: ['y'] };
