import { toFailure } from '@acervo/kernel/failure.ts';
import type { Job } from '../../bindings/feature.ts';
import type { Holdings } from '../../holdings/holdings.ts';

/** Gets the decoders ready once the doors are open, so that the first picture waits for none of them to start. */
export function warmJob({ imaging, log }: Pick<Holdings, 'imaging' | 'log'>): Job {
  return {
    name: 'render',
    run: async () => {
      try {
        await imaging.warm();
      } catch (thrown) {
        // The first picture will try again; closing in the midst is none of its business.
        log.debug('pixel.unready', { code: toFailure(thrown).code, detail: toFailure(thrown).detail });
      }
    },
  };
}
