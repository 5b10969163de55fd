import { parseArgs } from 'node:util';

export type Options = {
  isQuick: boolean;
  isList: boolean;
  isWrite: boolean;
  isStrict: boolean;
  isProfile: boolean;
  /** Row ids; empty: all. */
  only: readonly string[];
  soakMinutes: number | undefined;
};

export const USAGE = `npm run bench -- [--quick] [--only ID,ID] [--write] [--strict] [--profile]
npm run bench -- --list | --soak MINUTES

  --quick          fewer rounds and less data, under 3 minutes: does it run? Nothing is kept.
  --only ID,ID     these rows only
  --write          keep the results in docs/performance/ and write docs/performance.md
  --strict         a missed target is a failure, too
  --profile        with a CPU profile of the server; figures are not kept, with --write the flame graph is
  --list           what rows there are
  --soak MINUTES   constant load; fails when memory or file descriptors grow
`;

/** @throws {TypeError} for words that mean nothing here */
export function optionsOf(words: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...words],
    options: {
      quick: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      strict: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      soak: { type: 'string' },
    },
  });
  const soakMinutes = values.soak === undefined ? undefined : Number(values.soak);
  if (soakMinutes !== undefined && !(soakMinutes > 0)) throw new TypeError('--soak takes minutes');
  if (values.write && values.quick) throw new TypeError('--write keeps full runs only');
  return {
    isQuick: values.quick,
    isList: values.list,
    isWrite: values.write,
    isStrict: values.strict,
    isProfile: values.profile,
    only: values.only.split(',').filter((id) => id !== ''),
    soakMinutes,
  };
}
