import { toFailure } from '@acervo/kernel/failure.ts';
import { packageFolder } from '../adapters/fs/package-folder.ts';
import { INFERENCE_LIMITS, InferencePool } from '../adapters/onnx/pool.ts';
import { PIXEL_LIMITS, PixelPool } from '../adapters/pixel/pool.ts';
import { judgePackage } from '../features/models/judge.ts';
import type { Judgement } from '../ports/models.ts';
import type { FromJudge, ToJudge } from './model-judge.ts';

process.once('message', (message: ToJudge) => void judged(message).then(answer));
// Nobody waits for it any more.
process.once('disconnect', () => process.exit());

function answer(message: FromJudge): void {
  process.send?.(message);
}

async function judged({ task, settings }: ToJudge): Promise<FromJudge> {
  const imaging = new PixelPool({ ...PIXEL_LIMITS, workers: 1, kept: 0 });
  const inference = new InferencePool({ ...INFERENCE_LIMITS, ...settings, workers: 1 });
  const signal = new AbortController().signal;
  try {
    const ports = task.isRun ? { imaging, inference } : undefined;
    const judgement: Judgement = await judgePackage(packageFolder(task.folder), task.keys, ports, signal);
    return { judgement };
  } catch (thrown) {
    const { code, detail } = toFailure(thrown);
    return { code, detail };
  } finally {
    await Promise.all([imaging.close(), inference.close()]);
  }
}
