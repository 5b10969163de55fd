import type { Json } from '@acervo/kernel/canonical-json.ts';
import { OPS_VERSION, pipelineShape } from '../ops/pipeline.ts';
import { dictionary, integer, list, nullable, number, type Of, object, oneOf, text, variants } from '../shape.ts';
import { selectShape } from './select.ts';

export const MANIFEST_SCHEMA = 'mx.imagen.modelo/v1';

const digest = text({ pattern: /^sha256:[0-9a-f]{64}$/ });
const hex = text({ pattern: /^[0-9a-f]{64}$/ });
/** Within the package: names of letters, digits and `_ . -`, folders by `/`, none beginning with a dot. */
export const PATH = /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}(\/[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}){0,4}$/;
const path = text({ pattern: PATH, most: 400 });
const name = text({ pattern: /^[A-Za-z0-9_./:-]{1,128}$/, most: 128 });
const words = text({ most: 500 });
const prose = text({ most: 8000 });
const probability = number(0, 1);

const coded = object({ system: words, code: words }, { display: words });

const regulatory = object(
  {
    class: oneOf('I', 'II', 'III'),
    /** Sanitary registration of COFEPRIS; null where there is none. */
    registroSanitario: nullable(words),
    useStatus: oneOf('investigacion', 'clinico', 'demostracion'),
    imdrf: object(
      { state: oneOf('critical', 'serious', 'non-serious'), significance: oneOf('treat', 'drive', 'inform') },
      {},
    ),
    safetyClass62304: oneOf('A', 'B', 'C'),
  },
  {},
);

const intendedUse = object(
  {
    conditions: list(coded, 1),
    role: oneOf('triage', 'detection', 'diagnosis', 'quantification', 'quality'),
    users: list(words, 1),
    population: object({ sex: list(oneOf('F', 'M', 'O'), 1, 3) }, { ageMin: integer(0, 130), ageMax: integer(0, 130) }),
    contraindications: list(words),
    text_es: prose,
  },
  {},
);

const artifact = object(
  {
    format: oneOf('onnx'),
    file: path,
    sha256: hex,
    opset: integer(1, 100),
    ops: list(oneOf('ai.onnx', 'ai.onnx.ml'), 1, 2),
    sizeBytes: integer(1, 2 ** 31),
    /** SPDX expression. */
    license: words,
  },
  { weightsLineage: object({ base: digest }, { job: words }) },
);

const input = object(
  {
    name,
    monai: object(
      {
        type: oneOf('image'),
        format: oneOf('hounsfield', 'magnitude', 'grey', 'rgb'),
        num_channels: integer(1, 4),
        /** Of the tensor, without its batch. */
        spatial_shape: list(integer(1, 8192), 2, 3),
        dtype: oneOf('float32'),
        value_range: list(number(), 2, 2),
      },
      {},
    ),
    select: selectShape,
    pipeline: pipelineShape,
    pipelineVersion: oneOf(OPS_VERSION),
  },
  {},
);

const calibration = object({ type: oneOf('platt'), a: number(), b: number() }, { fitOn: digest });
const operatingPoint = object(
  { id: name, threshold: probability },
  { goal: object({}, { sensitivity: probability, specificity: probability }), setOn: digest },
);
/** What stands in DICOM must fit its VR (SH or UC, SH, LO): no backslash, no control, no blank at either end. */
const codeValue = text({ pattern: /^[!-[\]-~]([ -[\]-~]*[!-[\]-~])?$/, most: 64 });
const codeScheme = text({ pattern: /^[!-[\]-~]([ -[\]-~]*[!-[\]-~])?$/, most: 16 });
const label = text({ pattern: /^[!-[\]-~\u00a1-\u024f]([ -[\]-~\u00a1-\u024f]*[!-[\]-~\u00a1-\u024f])?$/, most: 64 });
/** The meaning is Spanish of Mexico, and stands in reports; `meaning_en` is what screens in English say. */
const coding = object({ code: codeValue, scheme: codeScheme, meaning: label }, { meaning_en: label });

const segment = object(
  { label, category: coding, property: coding },
  /** Recommended Display CIELab Value (PS3.3 C.10.7.1.1). */
  { cielab: list(integer(0, 65_535), 3, 3) },
);

const reportEncoding = object(
  { to: oneOf('dicom-sr') },
  {
    template: oneOf('1500'),
    finding: coding,
    /** Of `scores`: one for each value of the tensor. */
    findings: list(coding, 1, 1000),
    algorithmId: oneOf('TID4019'),
  },
);
const segmentationEncoding = object({ to: oneOf('dicom-seg'), segment }, { algorithmId: oneOf('TID4019') });
const observationEncoding = object({ to: oneOf('fhir-observation') }, { finding: coding });
type Encoding = Of<typeof reportEncoding> | Of<typeof segmentationEncoding> | Of<typeof observationEncoding>;

/** What is made of an output. */
const encoding = variants<Encoding>('to', {
  'dicom-sr': reportEncoding,
  'dicom-seg': segmentationEncoding,
  'fhir-observation': observationEncoding,
});

const output = object(
  { name, kind: oneOf('score', 'scores', 'mask'), encode: list(encoding, 1, 8) },
  {
    /** Code of the condition that a high score stands for. */
    positive: words,
    /** Of `scores`: what each stands for, in the order of the tensor. */
    labels: list(words, 1, 1000),
    calibration,
    /** Of a mask: its first threshold says which values are inside; 0.5 where there is none. */
    operatingPoints: list(operatingPoint, 1, 16),
    abstain: object({ low: probability, high: probability }, {}),
  },
);

const evidence = object(
  {
    claims: list(
      object(
        { metric: words, value: number(), dataset: words },
        { ci: list(number(), 2, 2), n: integer(0, 1e9), note: words },
      ),
    ),
    trainingPopulation: object(
      { countries: dictionary(probability) },
      { sex: dictionary(probability), age: dictionary(probability), scanners: list(words) },
    ),
  },
  {},
);

const golden = object(
  {
    /** Files of one case: one image, or the slices of a volume. */
    dicom: list(path, 1, 2000),
    /** Of the bytes of `tensorBytes`: preprocessing must give these, to the bit. */
    tensorSha256: hex,
    /** Outputs by name, as many values as the tensor has. */
    expect: dictionary(list(number(), 1, 4096), 1),
    /** How far an output may be from what is expected. */
    tolOut: number(0, 0.1),
  },
  {},
);

const manifestShape = object(
  {
    schema: oneOf(MANIFEST_SCHEMA),
    id: text({ pattern: /^[a-z0-9]+([.-][a-z0-9]+)*$/, most: 128 }),
    version: text({ pattern: /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/, most: 64 }),
    name: words,
    supplier: object({ org: words, contact: words }, {}),
    regulatory,
    intendedUse,
    artifact,
    inputs: list(input, 1, 1),
    outputs: list(output, 1, 16),
    resources: object(
      {
        cpu: integer(1, 64),
        memoryMiB: integer(64, 65_536),
        gpu: integer(0, 0),
        deadlineMs: integer(100, 3_600_000),
      },
      {},
    ),
    evidence,
    golden: list(golden, 1, 64),
    card: path,
    datasheet: path,
    bom: path,
    risk: path,
  },
  { pccp: path, monitoring: path },
);

export type Manifest = Of<typeof manifestShape>;
export type ManifestInput = Manifest['inputs'][number];
export type ManifestOutput = Manifest['outputs'][number];
export type GoldenCase = Manifest['golden'][number];

/** A breach of the manifest's form: where, as a JSON Pointer, and what. */
export type Breach = { at: string; what: string };

/** The manifest, or everything that is wrong with it. */
export function readManifest(value: unknown): { manifest: Manifest } | { breaches: Breach[] } {
  const breaches: Breach[] = [];
  const manifest = manifestShape.read(value, '', (at, what) => void breaches.push({ at, what }));
  return manifest === undefined || breaches.length > 0 ? { breaches } : { manifest };
}

/** The same as JSON Schema: for those who write manifests, and their tools. */
export function manifestJsonSchema(): Json {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'urn:mx.imagen.modelo:v1',
    title: 'Manifest of a model package, mx.imagen.modelo/v1',
    ...manifestShape.schema,
  };
}
