import type { Manifest } from './manifest.ts';

const INPUTS: Manifest['inputs'] = [
  {
    name: 'x',
    monai: {
      type: 'image',
      format: 'magnitude',
      num_channels: 1,
      spatial_shape: [64, 64],
      dtype: 'float32',
      value_range: [0, 1],
    },
    select: {
      level: 'instance',
      all: [
        { tag: '00080060', in: ['DX', 'CR'] },
        { tag: '00080008', notContains: 'DERIVED' },
        { tag: '00101010', least: 15, most: 120 },
      ],
      anyCount: 1,
      prefer: [{ tag: '00185101', eq: 'PA' }],
      reject: [{ tag: '00280301', eq: 'YES', reason: 'BURNED_IN' }],
    },
    pipeline: [
      { op: 'decode' },
      { op: 'modalityLut', padding: 0 },
      { op: 'photometric', to: 'MONOCHROME2' },
      { op: 'voi', mode: 'percentile', lo: 0.5, hi: 99.5 },
      {
        op: 'resize',
        size: [64, 64],
        interp: 'bilinear',
        antialias: true,
        coord: 'half_pixel',
        keepAspect: 'pad',
      },
      { op: 'scale', to: [0, 1] },
      { op: 'normalise', by: 'constants', mean: [0.5], std: [0.25] },
      { op: 'layout', to: 'NCHW' },
    ],
    pipelineVersion: 'ops/1',
  },
];

const OUTPUTS: Manifest['outputs'] = [
  {
    name: 'p',
    kind: 'score',
    positive: 'A15',
    calibration: { type: 'platt', a: 1, b: 0 },
    operatingPoints: [{ id: 'nacional-2027', threshold: 0.31, goal: { sensitivity: 0.95 } }],
    abstain: { low: 0.25, high: 0.37 },
    encode: [
      {
        to: 'dicom-sr',
        template: '1500',
        finding: { code: '1', scheme: 'SCT', meaning: 'Opacidad' },
        algorithmId: 'TID4019',
      },
    ],
  },
];

/** A manifest with every member, of a model that is in no package. Origin: this code. */
export function goodManifest(): Manifest {
  const digest = 'a'.repeat(64);
  return {
    schema: 'mx.imagen.modelo/v1',
    id: 'mx.demo.cr-opacidad',
    version: '1.0.0',
    name: 'Opacidad',
    supplier: { org: 'Acervo', contact: 'modelos@example.org' },
    regulatory: {
      class: 'II',
      registroSanitario: null,
      useStatus: 'demostracion',
      imdrf: { state: 'serious', significance: 'drive' },
      safetyClass62304: 'B',
    },
    intendedUse: {
      conditions: [{ system: 'icd-10', code: 'A15', display: 'Tuberculosis respiratoria' }],
      role: 'triage',
      users: ['radiologo'],
      population: { sex: ['F', 'M', 'O'], ageMin: 15, ageMax: 120 },
      contraindications: ['portable-supine'],
      text_es: 'Sólo demostración.',
    },
    artifact: {
      format: 'onnx',
      file: 'model.onnx',
      sha256: digest,
      opset: 17,
      ops: ['ai.onnx'],
      sizeBytes: 224,
      license: 'Apache-2.0',
      weightsLineage: { base: `sha256:${digest}`, job: 'urn:x' },
    },
    inputs: INPUTS,
    outputs: OUTPUTS,
    resources: { cpu: 1, memoryMiB: 2048, gpu: 0, deadlineMs: 60_000 },
    evidence: {
      claims: [{ metric: 'auc', value: 0.93, ci: [0.91, 0.95], dataset: 'ninguno' }],
      trainingPopulation: { countries: { US: 1 }, sex: {}, age: {}, scanners: [] },
    },
    golden: [{ dicom: ['golden/1.dcm'], tensorSha256: digest, expect: { p: [0.812] }, tolOut: 0.001 }],
    card: 'card.json',
    datasheet: 'datos.json',
    bom: 'bom.cdx.json',
    risk: 'iso14971.json',
    pccp: 'pccp.json',
    monitoring: 'plan.json',
  };
}
