import type { Json } from '@acervo/kernel/canonical-json.ts';
import type { Manifest } from '@acervo/model/manifest/manifest.ts';

const NOTHING = '0'.repeat(64);
const TEXT = 'Sólo para demostración: hecho con imágenes inventadas, sin valor clínico. No usar con pacientes.';

/** What the two have in common; the builder fills in digests, size and golden cases. */
const COMMON: Omit<Manifest, 'id' | 'name' | 'inputs' | 'outputs'> = {
  schema: 'mx.imagen.modelo/v1',
  version: '1.0.0',
  supplier: { org: 'Acervo (demostración)', contact: 'demo@acervo.invalid' },
  regulatory: {
    class: 'II',
    registroSanitario: null,
    useStatus: 'demostracion',
    imdrf: { state: 'non-serious', significance: 'inform' },
    safetyClass62304: 'B',
  },
  intendedUse: {
    conditions: [{ system: 'icd-10', code: 'R91', display: 'Hallazgos anormales en imagen de pulmón' }],
    role: 'triage',
    users: ['radiologo'],
    population: { sex: ['F', 'M', 'O'], ageMin: 18 },
    contraindications: [],
    text_es: TEXT,
  },
  artifact: {
    format: 'onnx',
    file: 'model.onnx',
    sha256: NOTHING,
    opset: 17,
    ops: ['ai.onnx'],
    sizeBytes: 1,
    license: 'Apache-2.0',
  },
  resources: { cpu: 1, memoryMiB: 256, gpu: 0, deadlineMs: 30_000 },
  evidence: { claims: [], trainingPopulation: { countries: {} } },
  golden: [],
  card: 'card.json',
  datasheet: 'datos.json',
  bom: 'bom.cdx.json',
  risk: 'iso14971.json',
};

const outputs: Manifest['outputs'] = [
  {
    name: 'p',
    kind: 'score',
    positive: 'R91',
    operatingPoints: [{ id: 'demostracion', threshold: 0.5 }],
    encode: [
      {
        to: 'dicom-sr',
        template: '1500',
        finding: {
          code: 'R91',
          scheme: 'I10',
          meaning: 'Hallazgos anormales en imagen diagnóstica de pulmón',
          meaning_en: 'Abnormal findings on diagnostic imaging of lung',
        },
        algorithmId: 'TID4019',
      },
    ],
  },
];

const mask: Manifest['outputs'][number] = {
  name: 'm',
  kind: 'mask',
  encode: [
    {
      to: 'dicom-seg',
      segment: {
        label: 'Masa',
        category: {
          code: '49755003',
          scheme: 'SCT',
          meaning: 'Estructura morfológicamente alterada',
          meaning_en: 'Morphologically Altered Structure',
        },
        property: { code: '4147007', scheme: 'SCT', meaning: 'Masa', meaning_en: 'Mass' },
      },
    },
  ],
};

const ADULT = { tag: '00101010', least: 18 } as const;
const ORIGINAL = { tag: '00080008', notContains: 'DERIVED' } as const;
const REJECT = [{ tag: '00280301', eq: 'YES', reason: 'BURNED_IN' }] as const;

export const crManifest = (): Manifest => ({
  ...COMMON,
  id: 'mx.acervo.demo.cr-opacidad',
  name: 'Opacidad en radiografía de tórax (demostración)',
  inputs: [
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
        all: [{ tag: '00080060', in: ['CR', 'DX'] }, { tag: '00185101', in: ['PA', 'AP'] }, ORIGINAL, ADULT],
        prefer: [{ tag: '00185101', eq: 'PA' }],
        reject: REJECT,
      },
      pipeline: [
        { op: 'decode' },
        { op: 'modalityLut' },
        { op: 'photometric', to: 'MONOCHROME2' },
        { op: 'voi', mode: 'percentile', lo: 0.5, hi: 99.5 },
        { op: 'resize', size: [64, 64], interp: 'bilinear', antialias: true, coord: 'half_pixel', keepAspect: 'pad' },
        { op: 'layout', to: 'NCHW' },
      ],
      pipelineVersion: 'ops/1',
    },
  ],
  outputs,
});

export const ctManifest = (): Manifest => ({
  ...COMMON,
  id: 'mx.acervo.demo.tc-densidad',
  name: 'Densidad en tomografía de tórax (demostración)',
  inputs: [
    {
      name: 'x',
      monai: {
        type: 'image',
        format: 'hounsfield',
        num_channels: 1,
        spatial_shape: [8, 32, 32],
        dtype: 'float32',
        value_range: [0, 1],
      },
      select: {
        level: 'series',
        all: [{ tag: '00080060', in: ['CT'] }, ORIGINAL, ADULT, { tag: '00180050', most: 10 }],
        reject: REJECT,
      },
      pipeline: [
        { op: 'decode' },
        { op: 'modalityLut', padding: -1024 },
        { op: 'volume', slicesMin: 8, slicesMax: 400 },
        { op: 'orientation', to: 'LPS' },
        { op: 'voi', mode: 'fixed', lo: -1000, hi: 400 },
        { op: 'resize', size: [8, 32, 32], interp: 'bilinear', antialias: true, coord: 'half_pixel' },
        { op: 'layout', to: 'NCDHW' },
      ],
      pipelineVersion: 'ops/1',
    },
  ],
  outputs: [...outputs, mask],
});

/** The other documents of a package. */
export const documents = (name: string): Record<string, Json> => ({
  'card.json': {
    name,
    description_es: TEXT,
    intendedUse: 'Shows how a model is taken in and run. Not for patients.',
    limitations: ['Fitted to two phantoms; says nothing about any disease.'],
    metrics: [{ note: 'None: there is no population to measure on.' }],
  },
  'datos.json': {
    motivation: 'A whole package without patient data.',
    composition: 'Two phantoms, one with and one without a bright spot.',
    collection: 'Drawn by the code of the project.',
    license: 'Apache-2.0',
  },
  'bom.cdx.json': {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    components: [{ type: 'machine-learning-model', name, version: '1.0.0' }],
  },
  'iso14971.json': {
    hazards: [
      {
        hazard: 'Its score is taken for a finding.',
        harm: 'A wrong decision about a patient.',
        control: 'useStatus demostracion: it never leaves the stages silent and limited.',
        residual: 'acceptable in a demonstration',
      },
    ],
  },
});
