import { readFileSync } from 'node:fs';

/** One system call: where in the trace it began and where it returned, which tells its order among all others. */
export type Call = {
  name: string /** What its first argument, a file descriptor, stands for. */;
  on: string;
  result: number;
  begun: number;
  done: number;
};

const TRACED = 'read,recvfrom,readv,write,writev,pwrite64,pwritev,fdatasync,sendto,sendmsg';

/**
 * Words before a command that write its system calls to a file. The tracer is no parent (-D): signals and the exit
 * code are the command's own. Other calls run at full speed (--seccomp-bpf).
 */
export function straceWords(file: string): string[] {
  return [
    'strace',
    '-D',
    '-f',
    '--seccomp-bpf',
    '-tt',
    '-yy',
    '-s',
    '16',
    '-e',
    `trace=${TRACED}`,
    '-e',
    'signal=none',
    '-o',
    file,
  ];
}

const LINE = /^(\d+)\s+[\d:.]+ (.*)$/;
const BEGUN = /^(\w+)\(\d+<(.*)$/;
const RESULT = /= (-?\d+)(?: [A-Z]+ \(.*\))?$/;

/** Every call that returned, in the order of their beginnings. */
export function readTrace(file: string): Call[] {
  const calls: Call[] = [];
  const unfinished = new Map<string, Call>();
  readFileSync(file, 'latin1')
    .split('\n')
    .forEach((line, index) => {
      const [, thread = '', text = ''] = LINE.exec(line) ?? [];
      const [, name, rest = ''] = BEGUN.exec(text) ?? [];
      const call =
        name === undefined
          ? unfinished.get(thread)
          : { name, on: nameOf(rest), result: Number.NaN, begun: index, done: index };
      if (call === undefined) return;
      if (name !== undefined) calls.push(call);
      if (text.includes('<unfinished ...>')) {
        unfinished.set(thread, call);
        return;
      }
      unfinished.delete(thread);
      call.done = index;
      call.result = Number(RESULT.exec(text)?.[1] ?? 'NaN');
    });
  return calls.filter(({ result }) => !Number.isNaN(result));
}

/** A path, or `TCP:[local->peer]`, as -yy shows it between angle brackets: the arrow's own does not end it. */
const nameOf = (rest: string): string => /^(?:TCP:\[[^\]]*\]|[^>]*)/.exec(rest)?.[0] ?? '';
