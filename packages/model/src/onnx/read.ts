import { bytesIn, type Field, fieldsOf, integerIn, integersIn, malformed, textIn } from './wire.ts';

/** A dimension: a number, or the name that stands for one; null where nothing is said. */
export type Dimension = number | string | null;

/** An input or output of the graph (ValueInfoProto). `type` is a name of TENSOR_TYPES, or what else it is. */
export type TensorInfo = { name: string; type: string; dims: readonly Dimension[] | undefined };

/** What an ONNX file (onnx.proto, ModelProto) holds, as far as intake judges it. Weights are counted, not read. */
export type OnnxModel = {
  irVersion: number;
  producer: string;
  /** Version of each domain's operators; '' is written as `ai.onnx`. */
  opsets: ReadonlyMap<string, number>;
  /** How often each operator is used, as `domain::name`, within subgraphs and functions too. */
  operators: ReadonlyMap<string, number>;
  /** Operators that carry graphs of their own, as `domain::name`. */
  withSubgraph: ReadonlySet<string>;
  /** Functions that the model defines, as `domain::name`. */
  functions: readonly string[];
  /** Names of tensors whose data lie in another file. */
  external: readonly string[];
  tensors: { count: number; bytes: number; elementsMax: number; sparse: number };
  nodes: number;
  inputs: readonly TensorInfo[];
  outputs: readonly TensorInfo[];
  metadata: ReadonlyMap<string, string>;
  /** TrainingInfoProto entries. */
  training: number;
};

/** TensorProto.DataType of onnx.proto. */
const TENSOR_TYPES: Record<number, string> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  8: 'string',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
  16: 'bfloat16',
};
const DEPTH_MAX = 8;
const NODES_MAX = 100_000;
const EXTERNAL = 1;
const DIMS_MAX = 16;

type Writable<T> = { -readonly [K in keyof T]: T[K] extends ReadonlyMap<infer A, infer B> ? Map<A, B> : T[K] };
type Building = Omit<Writable<OnnxModel>, 'withSubgraph' | 'functions' | 'external'> & {
  withSubgraph: Set<string>;
  functions: string[];
  external: string[];
};

/**
 * Read the structure of an ONNX file.
 * @param bytes the whole file; nothing of it is copied but names.
 * @throws {Failure} model/onnx-malformed
 */
export function readOnnx(bytes: Uint8Array): OnnxModel {
  const into: Building = {
    irVersion: 0,
    producer: '',
    opsets: new Map(),
    operators: new Map(),
    withSubgraph: new Set(),
    functions: [],
    external: [],
    tensors: { count: 0, bytes: 0, elementsMax: 0, sparse: 0 },
    nodes: 0,
    inputs: [],
    outputs: [],
    metadata: new Map(),
    training: 0,
  };
  let graphs = 0;
  for (const field of fieldsOf(bytes)) {
    if (field.number === 7) graphs += 1;
    readModelField(field, into);
  }
  if (graphs !== 1) malformed(`${graphs} graphs`);
  if (into.irVersion < 1) malformed('no IR version');
  return into;
}

/** ModelProto: 1 ir_version, 2 producer_name, 7 graph, 8 opset_import, 14 metadata_props, 20 training, 25 functions. */
function readModelField(field: Field, into: Building): void {
  switch (field.number) {
    case 1:
      into.irVersion = integerIn(field);
      return;
    case 2:
      into.producer = textIn(field);
      return;
    case 7: {
      const { inputs, outputs } = readGraph(bytesIn(field), into, 0);
      into.inputs = inputs;
      into.outputs = outputs;
      return;
    }
    case 8: {
      const { domain, version } = readOpset(bytesIn(field));
      if (into.opsets.has(domain)) malformed(`domain ${domain} twice`);
      into.opsets.set(domain, version);
      return;
    }
    case 14: {
      const [key, value] = readEntry(bytesIn(field));
      into.metadata.set(key, value);
      return;
    }
    case 20:
      into.training += 1;
      return;
    case 25:
      into.functions.push(readFunction(bytesIn(field), into));
      return;
  }
}

function readOpset(bytes: Uint8Array): { domain: string; version: number } {
  let domain = '';
  let version = 0;
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) domain = textIn(field);
    if (field.number === 2) version = integerIn(field);
  }
  return { domain: domainName(domain), version };
}

const domainName = (domain: string): string => (domain === '' ? 'ai.onnx' : domain);

/** StringStringEntryProto. */
function readEntry(bytes: Uint8Array): [key: string, value: string] {
  let key = '';
  let value = '';
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) key = textIn(field);
    if (field.number === 2) value = textIn(field);
  }
  return [key, value];
}

/** FunctionProto: 1 name, 7 node, 10 domain. */
function readFunction(bytes: Uint8Array, into: Building): string {
  let name = '';
  let domain = '';
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) name = textIn(field);
    if (field.number === 10) domain = textIn(field);
    if (field.number === 7) readNode(bytesIn(field), into, 1);
  }
  return `${domainName(domain)}::${name}`;
}

/** GraphProto: 1 node, 5 initializer, 11 input, 12 output, 15 sparse_initializer. */
function readGraph(
  bytes: Uint8Array,
  into: Building,
  depth: number,
): { inputs: readonly TensorInfo[]; outputs: readonly TensorInfo[] } {
  if (depth > DEPTH_MAX) malformed(`graphs deeper than ${DEPTH_MAX}`);
  const inputs: TensorInfo[] = [];
  const outputs: TensorInfo[] = [];
  const initialised = new Set<string>();
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) readNode(bytesIn(field), into, depth);
    if (field.number === 5) initialised.add(readTensor(bytesIn(field), into));
    if (field.number === 11) inputs.push(readValueInfo(bytesIn(field)));
    if (field.number === 12) outputs.push(readValueInfo(bytesIn(field)));
    if (field.number === 15) into.tensors.sparse += 1;
  }
  // Before IR version 4 every initialiser was an input, too.
  return { inputs: inputs.filter(({ name }) => !initialised.has(name)), outputs };
}

/** NodeProto: 4 op_type, 5 attribute, 7 domain. */
function readNode(bytes: Uint8Array, into: Building, depth: number): void {
  into.nodes += 1;
  if (into.nodes > NODES_MAX) malformed(`more than ${NODES_MAX} nodes`);
  let type = '';
  let domain = '';
  let hasSubgraph = false;
  for (const field of fieldsOf(bytes)) {
    if (field.number === 4) type = textIn(field);
    if (field.number === 7) domain = textIn(field);
    if (field.number === 5) hasSubgraph = readAttribute(bytesIn(field), into, depth) || hasSubgraph;
  }
  const name = `${domainName(domain)}::${type}`;
  into.operators.set(name, (into.operators.get(name) ?? 0) + 1);
  if (hasSubgraph) into.withSubgraph.add(name);
}

/** AttributeProto: 5 t, 6 g, 10 tensors, 11 graphs, 22 sparse_tensor, 23 sparse_tensors. @returns it has a graph */
function readAttribute(bytes: Uint8Array, into: Building, depth: number): boolean {
  let hasGraph = false;
  for (const field of fieldsOf(bytes)) {
    if (field.number === 5 || field.number === 10) readTensor(bytesIn(field), into);
    if (field.number === 22 || field.number === 23) into.tensors.sparse += 1;
    if (field.number !== 6 && field.number !== 11) continue;
    hasGraph = true;
    readGraph(bytesIn(field), into, depth + 1);
  }
  return hasGraph;
}

/** TensorProto: 1 dims, 8 name, 13 external_data, 14 data_location. @returns its name */
function readTensor(bytes: Uint8Array, into: Building): string {
  let name = '';
  let isExternal = false;
  let elements = 1;
  let dims = 0;
  for (const field of fieldsOf(bytes)) {
    if (field.number === 8) name = textIn(field);
    if (field.number === 13) isExternal = true;
    if (field.number === 14 && integerIn(field) === EXTERNAL) isExternal = true;
    if (field.number !== 1) continue;
    for (const dim of integersIn(field)) {
      dims += 1;
      if (dim < 0 || dims > DIMS_MAX) malformed(`tensor ${name} of ${dims} dimensions, one of ${dim}`);
      elements *= dim;
    }
  }
  into.tensors.count += 1;
  into.tensors.bytes += bytes.length;
  into.tensors.elementsMax = Math.max(into.tensors.elementsMax, elements);
  if (isExternal) into.external.push(name);
  return name;
}

/** ValueInfoProto: 1 name, 2 type. */
function readValueInfo(bytes: Uint8Array): TensorInfo {
  let name = '';
  let of: Omit<TensorInfo, 'name'> = { type: 'unknown', dims: undefined };
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) name = textIn(field);
    if (field.number === 2) of = readType(bytesIn(field));
  }
  return { name, ...of };
}

/** TypeProto: 1 tensor_type, 6 denotation; else a sequence, a map, an optional or sparse tensor. */
function readType(bytes: Uint8Array): Omit<TensorInfo, 'name'> {
  let type = 'unknown';
  let dims: Dimension[] | undefined;
  for (const field of fieldsOf(bytes)) {
    if (field.number !== 1 && field.number !== 6) type = 'no tensor';
    if (field.number !== 1) continue;
    // TypeProto.Tensor: 1 elem_type, 2 shape.
    for (const of of fieldsOf(bytesIn(field))) {
      if (of.number === 1) type = TENSOR_TYPES[integerIn(of)] ?? 'unknown';
      if (of.number === 2) dims = readShape(bytesIn(of));
    }
  }
  return { type, dims };
}

/** TensorShapeProto: 1 dim; Dimension: 1 dim_value, 2 dim_param. */
function readShape(bytes: Uint8Array): Dimension[] {
  const dims: Dimension[] = [];
  for (const field of fieldsOf(bytes)) {
    if (field.number !== 1) continue;
    let dim: Dimension = null;
    for (const of of fieldsOf(bytesIn(field))) {
      if (of.number === 1) dim = integerIn(of);
      if (of.number === 2) dim = textIn(of);
    }
    dims.push(dim);
    if (dims.length > DIMS_MAX) malformed(`more than ${DIMS_MAX} dimensions`);
  }
  return dims;
}
