import type { Manifest } from '../manifest/manifest.ts';
import type { Decision } from '../results/result.ts';

/** One thing that a run says, in numbers, without a word of whose images they are. */
export type Said = {
  /** `output`, `output@operating-point`, or `output/label`. */
  of: string;
  says: 'present' | 'absent' | 'indeterminate' | null;
  /** Of a mask null: its size is in the segmentation. */
  score: number | null;
};

type Outputs = { readonly [name: string]: readonly number[] };

/** Where a mask has no operating point, as its segmentation is drawn. */
const MASK_THRESHOLD = 0.5;

/** All that a run says, in the order of its manifest: what versions of models are compared by. */
export function saidOf(
  { outputs }: Pick<Manifest, 'outputs'>,
  values: Outputs,
  decisions: readonly Decision[],
): Said[] {
  return outputs.flatMap(({ name, kind, labels = [], operatingPoints = [] }): Said[] => {
    const found = values[name] ?? [];
    if (kind === 'mask') {
      const threshold = operatingPoints[0]?.threshold ?? MASK_THRESHOLD;
      const isDrawn = found.some((value) => value >= threshold);
      return [{ of: name, says: isDrawn ? 'present' : 'absent', score: null }];
    }
    if (kind === 'scores') {
      return found.map((score, index) => ({ of: `${name}/${labels[index] ?? index}`, says: null, score }));
    }
    const decided = decisions.filter(({ output }) => output === name);
    if (decided.length === 0) return [{ of: name, says: null, score: found[0] ?? null }];
    return decided.map(({ operatingPoint, score, isPositive, abstains }) => ({
      of: `${name}@${operatingPoint}`,
      says: abstains ? 'indeterminate' : isPositive ? 'present' : 'absent',
      score,
    }));
  });
}
