import type { Owner } from '../../test/harness/owner.ts';

/** An owner whose end somebody decides. */
export type OwnerScope = Owner & {
  /** Ends everything, the last first; what fails does not keep the others from ending. @throws {AggregateError} */
  end(): Promise<void>;
};

export function ownerScope(): OwnerScope {
  const ends: (() => unknown)[] = [];
  return {
    after: (end) => void ends.push(end),
    end: async () => {
      const failures: unknown[] = [];
      for (let end = ends.pop(); end !== undefined; end = ends.pop()) {
        try {
          await end();
        } catch (thrown) {
          failures.push(thrown);
        }
      }
      if (failures.length > 0) throw new AggregateError(failures, 'not everything ended as it should');
    },
  };
}
