import { choice, integer, optional, path } from './setting.ts';

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
  aiWorkers: integer(
    { env: 'ACERVO_AI_WORKERS', unit: 'tasks', doc: 'Inference tasks done at a time. 0: this process does none.' },
    1,
    0,
    64,
  ),
  aiQuietSeconds: integer(
    {
      env: 'ACERVO_AI_QUIET_SECONDS',
      unit: 's',
      doc: 'A study that got nothing for so long is complete, and is routed to models.',
    },
    120,
    0,
    86_400,
  ),
  aiDeliveryRetryHours: integer(
    {
      env: 'ACERVO_AI_DELIVERY_RETRY_HOURS',
      unit: 'h',
      doc: 'Results of models that the system they go to does not take are sent again for so long, then given up.',
    },
    72,
    1,
    8760,
  ),
  aiInputMib: integer(
    {
      env: 'ACERVO_AI_INPUT_MIB',
      unit: 'MiB',
      doc: 'Input of one inference task; a larger one is refused. Its process may take 8 times it, and 2 GiB.',
    },
    1024,
    1,
    65_536,
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
  silentDir: optional(
    path(
      {
        env: 'ACERVO_SILENT_DIR',
        unit: 'path',
        doc: 'Where what silent models say is kept, sealed. Absent: `silent` beside the packs. In no backup.',
      },
      '',
    ),
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
