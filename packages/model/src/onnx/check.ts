import type { FailureCode } from '@acervo/kernel/failure.ts';
import { ALLOWED_OPERATORS, ONNX_LIMITS } from './allowed.ts';
import type { OnnxModel, TensorInfo } from './read.ts';

/** Something that stands against a package: the row of FAILURES, and what it is about. */
export type Finding = { code: FailureCode; where: string; what: string };

/** What the manifest claims of the file, which must be so. */
export type OnnxClaim = {
  file: string;
  opset: number;
  /** Domains of operators that it says it uses. */
  domains: readonly string[];
  inputs: readonly string[];
  outputs: readonly string[];
};

/** Everything that stands against running a model here, in the order of the file. None: it may be run. */
export function checkOnnx(model: OnnxModel, claim: OnnxClaim): Finding[] {
  const findings: Finding[] = [];
  const say = (code: FailureCode, what: string): void => {
    findings.push({ code, where: claim.file, what });
  };
  if (model.irVersion > ONNX_LIMITS.irVersionMax) say('model/opset', `IR version ${model.irVersion}`);
  checkOpsets(model, claim, say);
  checkOperators(model, claim, say);
  for (const name of model.external.slice(0, 10)) say('model/external-data', `tensor ${name} lies outside of the file`);
  for (const name of model.functions.slice(0, 10)) say('model/operator', `defines the function ${name}`);
  if (model.training > 0) say('model/operator', 'carries training information');
  if (model.tensors.sparse > 0) say('model/operator', 'carries sparse tensors');
  if (model.nodes > ONNX_LIMITS.nodesMax) say('model/limit', `${model.nodes} nodes`);
  if (model.tensors.elementsMax > ONNX_LIMITS.tensorElementsMax) {
    say('model/limit', `a tensor of ${model.tensors.elementsMax} elements`);
  }
  checkNames('input', model.inputs, claim.inputs, say);
  checkNames('output', model.outputs, claim.outputs, say);
  return findings;
}

type Say = (code: FailureCode, what: string) => void;

function checkOpsets(model: OnnxModel, claim: OnnxClaim, say: Say): void {
  for (const [domain, version] of model.opsets) {
    const range = ONNX_LIMITS.opsets.get(domain);
    if (range === undefined) say('model/operator', `operators of the domain ${domain}`);
    else if (version < range[0] || version > range[1]) {
      say('model/opset', `${domain} version ${version}: ${range[0]} to ${range[1]} are run here`);
    }
  }
  const version = model.opsets.get('ai.onnx');
  if (version !== claim.opset) say('model/manifest', `opset ${version}, the manifest says ${claim.opset}`);
}

function checkOperators(model: OnnxModel, claim: OnnxClaim, say: Say): void {
  for (const name of model.operators.keys()) {
    const [domain = ''] = name.split('::');
    if (model.withSubgraph.has(name)) say('model/operator', `${name} carries a graph of its own`);
    else if (!ALLOWED_OPERATORS.has(name)) say('model/operator', `${name} is not of the allowed operators`);
    else if (!claim.domains.includes(domain)) say('model/manifest', `${name}: the manifest does not name ${domain}`);
  }
}

function checkNames(kind: 'input' | 'output', found: readonly TensorInfo[], told: readonly string[], say: Say): void {
  const names = found.map(({ name }) => name);
  for (const name of told) if (!names.includes(name)) say('model/manifest', `no ${kind} named ${name}`);
  // An output that the manifest is silent about is not read; an input must be given.
  if (kind === 'input') {
    for (const name of names) if (!told.includes(name)) say('model/manifest', `input ${name} is not in the manifest`);
  }
  for (const { name, type, dims } of found.filter((each) => told.includes(each.name))) {
    if (type !== 'float32') say('model/tensor', `${kind} ${name} is ${type}, not float32`);
    if (dims === undefined) say('model/tensor', `${kind} ${name} has no shape`);
  }
}
