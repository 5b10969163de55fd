import type { Code } from '@acervo/dicom/sr/code.ts';
import { type Concept, concept } from '@acervo/dicom/sr/concepts.ts';
import type { ContentItem, ObjectReference } from '@acervo/dicom/sr/content.ts';

/** What a report of ours says of one finding: a measurement group of TID 1501, 1410 or 1411. */
export type ReportedFinding = {
  /** Output of the manifest. */
  output: string;
  operatingPoint: string | null;
  code: Code;
  /** The first number of the group: a certainty in percent, an area, a volume. */
  value: number | null;
  unit: Code | null;
  /** In the unit of a certainty; null where no certainty was held against a threshold. */
  threshold: number | null;
  evaluation: 'present' | 'absent' | 'indeterminate' | null;
};

/** What a report of ours says: by what, over which images, and what was found. */
export type ReadReport = {
  /** ID@VERSION. */
  model: string;
  modelSha256: string;
  manifestSha256: string;
  inputsSha256: string;
  operations: string;
  /** In the order in which the digest of the inputs has them. */
  images: readonly ObjectReference[];
  findings: readonly ReportedFinding[];
};

/** Algorithm Parameters of TID 4019 that every group of ours has. */
const RUN = ['model', 'model-sha256', 'manifest-sha256', 'inputs-sha256', 'operations'] as const;
const EVALUATIONS = ['present', 'absent', 'indeterminate'] as const;
const PERCENT = 100;

/**
 * Read what `reportContent` wrote. @returns undefined for a report that was written by something else: a group without
 * the parameters by which a run is told from others
 */
export function readReport(root: ContentItem): ReadReport | undefined {
  const measurements = childrenOf(root, 'measurements');
  const groups = measurements.flatMap((each) => childrenOf(each, 'group'));
  const [first] = groups;
  if (first === undefined) return undefined;
  const run = parametersOf(first);
  const [model, modelSha256, manifestSha256, inputsSha256, operations] = RUN.map((name) => run.get(name));
  if (model === undefined || modelSha256 === undefined || manifestSha256 === undefined) return undefined;
  if (inputsSha256 === undefined || operations === undefined) return undefined;
  const findings = groups.map(findingOf).filter((each) => each !== undefined);
  return { model, modelSha256, manifestSha256, inputsSha256, operations, images: imagesOf(root), findings };
}

const isOf = (code: Code | undefined, { value, scheme }: Code): boolean =>
  code?.value === value && code.scheme === scheme;

const childrenOf = ({ children = [] }: ContentItem, name: Concept): readonly ContentItem[] =>
  children.filter((child) => isOf(child.concept, concept(name)));

/** TID 1600 to 1602. */
function imagesOf(root: ContentItem): ObjectReference[] {
  const groups = childrenOf(root, 'imageLibrary').flatMap((each) => childrenOf(each, 'imageLibraryGroup'));
  return groups
    .flatMap(({ children = [] }) => children)
    .flatMap((child) => (child.type === 'IMAGE' ? [child.image] : []))
    .map(({ sopClassUid, sopInstanceUid }) => ({ sopClassUid, sopInstanceUid }));
}

/** `name=value` of each Algorithm Parameters. */
function parametersOf(group: ContentItem): Map<string, string> {
  const texts = childrenOf(group, 'algorithmParameters').map((child) => (child.type === 'TEXT' ? child.text : ''));
  return new Map(
    texts.map((text) => {
      const at = text.indexOf('=');
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

function findingOf(group: ContentItem): ReportedFinding | undefined {
  const [found] = childrenOf(group, 'finding');
  const [tracked] = childrenOf(group, 'trackingId');
  if (found?.type !== 'CODE' || tracked?.type !== 'TEXT') return undefined;
  const { code } = found;
  const { children = [] } = group;
  const measured = children.find((child) => child.type === 'NUM');
  const hasNumber = measured?.type === 'NUM' && 'value' in measured;
  const parameters = parametersOf(group);
  const operatingPoint = parameters.get('operating-point');
  const threshold = Number(parameters.get('threshold') ?? Number.NaN);
  const isCertainty = isOf(measured?.concept, concept('certainty'));
  // The finding's own code as a concept has what was decided of it.
  const decided = children.find((child) => child.type === 'CODE' && isOf(child.concept, code));
  const evaluation = EVALUATIONS.find((each) => decided?.type === 'CODE' && isOf(decided.code, concept(each)));
  return {
    output: outputOf(tracked.text, operatingPoint),
    operatingPoint: operatingPoint ?? null,
    code,
    value: hasNumber ? measured.value : null,
    unit: hasNumber ? measured.unit : null,
    threshold: isCertainty && Number.isFinite(threshold) ? PERCENT * threshold : null,
    evaluation: evaluation ?? null,
  };
}

/** The tracking identifier is `OUTPUT`, `OUTPUT/OPERATING-POINT` or `OUTPUT/INDEX`. */
function outputOf(tracked: string, operatingPoint: string | undefined): string {
  if (operatingPoint === undefined) return tracked.replace(/\/\d+$/, '');
  return tracked.slice(0, -operatingPoint.length - 1);
}
