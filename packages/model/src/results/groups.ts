import type { Code } from '@acervo/dicom/sr/code.ts';
import type { Concept } from '@acervo/dicom/sr/concepts.ts';
import type { ImageReference } from '@acervo/dicom/sr/content.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { ManifestOutput } from '../manifest/manifest.ts';
import type { Identity } from './identity.ts';
import type { Decision, Run } from './result.ts';
import type { Drawn } from './segment.ts';

/** One measurement group: what an output says at one operating point, of one label, or of one mask. */
export type Group = {
  trackingId: string;
  trackingUid: string;
  finding: Code;
  measured: readonly { what: Concept; value: number; unit: Concept }[];
  evaluation?: 'present' | 'absent' | 'indeterminate';
  /** The segment of a segmentation, with its frame where it is of one image. */
  segment?: ImageReference;
  /** Algorithm Parameters of this group alone, `name=value`. */
  parameters: readonly string[];
};

type ReportEncoding = Extract<ManifestOutput['encode'][number], { to: 'dicom-sr' }>;
type Coding = NonNullable<ReportEncoding['finding']>;

export const reportEncoding = ({ encode }: ManifestOutput): ReportEncoding | undefined =>
  encode.find((each) => each.to === 'dicom-sr');

export const codeOf = ({ code, scheme, meaning }: Coding): Code => ({ value: code, scheme, meaning });

/**
 * All groups of a run, in the order of the manifest's outputs.
 * @throws {Failure} model/manifest: an output of a report without the code of its finding
 */
export async function groupsOf(run: Run, identity: Identity, drawn: ReadonlyMap<string, Drawn>): Promise<Group[]> {
  const groups: Omit<Group, 'trackingUid'>[] = run.manifest.outputs.flatMap((output) => {
    const mask = drawn.get(output.name);
    if (mask !== undefined) return [maskGroup(run, output, mask)];
    const encoding = reportEncoding(output);
    if (encoding === undefined || output.kind === 'mask') return [];
    return output.kind === 'score' ? scoreGroups(run, output, encoding) : labelGroups(run, output, encoding);
  });
  return Promise.all(
    groups.map(async (group) => ({ ...group, trackingUid: await identity.uid(`tracking ${group.trackingId}`) })),
  );
}

const missing = (name: string, what: string): never => {
  throw new Failure('model/manifest', `output ${name}: ${what}`);
};

const PERCENT = 100;

function scoreGroups(run: Run, output: ManifestOutput, { finding }: ReportEncoding): Omit<Group, 'trackingUid'>[] {
  const { name } = output;
  const code = codeOf(finding ?? missing(name, 'no code of its finding'));
  const decisions = run.decisions.filter((each) => each.output === name);
  const [value = Number.NaN] = run.outputs[name] ?? [];
  if (decisions.length === 0) {
    return [{ trackingId: name, finding: code, measured: [certainty(value)], parameters: [] }];
  }
  return decisions.map((decision) => ({
    trackingId: `${name}/${decision.operatingPoint}`,
    finding: code,
    measured: [certainty(decision.score)],
    evaluation: evaluationOf(decision),
    parameters: decisionParameters(output, decision),
  }));
}

const certainty = (score: number): Group['measured'][number] => ({
  what: 'certainty',
  value: PERCENT * score,
  unit: 'percent',
});

function evaluationOf({ isPositive, abstains }: Decision): NonNullable<Group['evaluation']> {
  if (abstains) return 'indeterminate';
  return isPositive ? 'present' : 'absent';
}

function decisionParameters({ calibration, abstain }: ManifestOutput, decision: Decision): string[] {
  return [
    `operating-point=${decision.operatingPoint}`,
    `threshold=${decision.threshold}`,
    ...(calibration === undefined ? [] : [`calibration=${calibration.type} a=${calibration.a} b=${calibration.b}`]),
    ...(abstain === undefined ? [] : [`abstain=${abstain.low}..${abstain.high}`]),
  ];
}

function labelGroups(run: Run, { name }: ManifestOutput, { findings }: ReportEncoding): Omit<Group, 'trackingUid'>[] {
  const values = run.outputs[name] ?? [];
  if (findings?.length !== values.length) missing(name, `${values.length} values need as many codes of findings`);
  return values.map((value, index) => ({
    trackingId: `${name}/${index}`,
    finding: codeOf(findings?.[index] as Coding),
    measured: [certainty(value)],
    parameters: [],
  }));
}

/** Nothing drawn is a finding too: a group without a segment. */
function maskGroup(run: Run, { name }: ManifestOutput, drawn: Drawn): Omit<Group, 'trackingUid'> {
  const isPlanar = run.images.length === 1;
  return {
    trackingId: name,
    finding: drawn.finding,
    measured: [{ what: isPlanar ? 'area' : 'volume', value: drawn.extent, unit: isPlanar ? 'mm2' : 'mm3' }],
    evaluation: drawn.segment === undefined ? 'absent' : 'present',
    ...(drawn.segment !== undefined && { segment: drawn.segment }),
    parameters: [`threshold=${drawn.threshold}`],
  };
}
