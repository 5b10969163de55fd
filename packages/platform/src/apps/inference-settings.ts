import { choice, integer } from './setting.ts';

/** How models are run. */
export const INFERENCE_SETTINGS = {
  inferenceSandbox: choice(
    {
      env: 'ACERVO_INFERENCE_SANDBOX',
      unit: 'mode',
      doc: '`required`: models run in a network namespace of their own, or not at all. `none`: in that of Acervo.',
    },
    'required',
    ['required', 'none'],
  ),
  inferenceWorkers: integer(
    { env: 'ACERVO_INFERENCE_WORKERS', unit: 'processes', doc: 'Models that run at the same time, each in a process.' },
    1,
    1,
    64,
  ),
  inferenceMemoryMib: integer(
    {
      env: 'ACERVO_INFERENCE_MEMORY_MIB',
      unit: 'MiB',
      doc: 'Memory of one such process. Models that ask for more are refused.',
    },
    4096,
    256,
    1_048_576,
  ),
  modelPackageMib: integer(
    { env: 'ACERVO_MODEL_PACKAGE_MIB', unit: 'MiB', doc: 'Bytes of one model package; a longer one is refused.' },
    2048,
    1,
    4096,
  ),
  modelJudgeSeconds: integer(
    {
      env: 'ACERVO_MODEL_JUDGE_SECONDS',
      unit: 's',
      doc: 'Longest time to judge a submitted package, its golden cases included; it is refused then.',
    },
    600,
    5,
    7200,
  ),
} as const;
