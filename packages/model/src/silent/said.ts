import type { Manifest } from '../manifest/manifest.ts';
import type { Decision } from '../results/result.ts';

/** One thing that a run says, in numbers, without a word of whose images they are. */
export type Said = {
  /** `output`, `output@operating-point`, or `output/label`. */
  of: string;
  says: 'present' | 'absent' | 'indeterminate' | null;
  /** Whether it might have said `indeterminate`: by its manifest, not by what it found. */
  mayAbstain: boolean;
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
  return outputs.flatMap(({ name, kind, labels = [], operatingPoints = [], abstain }): Said[] => {
    const mayAbstain = abstain !== undefined;
    const found = values[name] ?? [];
    if (kind === 'mask') {
      const threshold = operatingPoints[0]?.threshold ?? MASK_THRESHOLD;
      const isDrawn = found.some((value) => value >= threshold);
      return [{ of: name, says: isDrawn ? 'present' : 'absent', mayAbstain: false, score: null }];
    }
    if (kind === 'scores') {
      return found.map((score, index) => ({ of: `${name}/${labels[index] ?? index}`, says: null, mayAbstain, score }));
    }
    const decided = decisions.filter(({ output }) => output === name);
    if (decided.length === 0) return [{ of: name, says: null, mayAbstain, score: found[0] ?? null }];
    return decided.map(({ operatingPoint, score, isPositive, abstains }) => ({
      of: `${name}@${operatingPoint}`,
      says: abstains ? 'indeterminate' : isPositive ? 'present' : 'absent',
      mayAbstain,
      score,
    }));
  });
}
