import { toFailure } from '@acervo/kernel/failure.ts';
import type { Job } from '../../bindings/feature.ts';
import { waitMs } from '../../journal/sealer.ts';
import type { Log } from '../../ports/log.ts';
import { Exporter, type ExporterOptions } from './exporter.ts';

const POLL_MS = 1000;
const STANDBY_MS = 5000;
const BACKOFF_MS_MIN = 500;
const BACKOFF_MS_MAX = 60_000;
/** While it goes on failing, that is said again so often. */
const SAY_AGAIN_MS = 300_000;

/** Sends the sealed journal to the receiver of audit messages, for as long as the process serves. */
export function exportJob(options: ExporterOptions, log: Log): Job {
  return {
    name: 'export audit messages',
    run: async (signal) => {
      const exporter = new Exporter(options);
      const trouble = new Trouble(options, log);
      while (!signal.aborted) {
        try {
          const step = await exporter.step(signal);
          if (exporter.isProven) trouble.over();
          if (step !== 'sent') await waitMs(step === 'idle' ? POLL_MS : STANDBY_MS, signal);
        } catch (thrown) {
          if (!signal.aborted) await waitMs(trouble.met(thrown), signal);
        }
      }
      await exporter.close().catch((thrown: unknown) => {
        log.debug('audit.unreleased', { code: toFailure(thrown).code });
      });
    },
  };
}

/** What has been failing, for how long: said when it begins, now and then while it lasts, and when it is over. */
class Trouble {
  readonly #options: ExporterOptions;
  readonly #log: Log;
  #attempts = 0;
  #saidAt = 0;
  #said = '';

  constructor(options: ExporterOptions, log: Log) {
    this.#options = options;
    this.#log = log;
  }

  /** @returns how long to wait, in milliseconds: longer each time, and not the same for every process */
  met(thrown: unknown): number {
    const { code, detail } = toFailure(thrown);
    const receiver = this.#options.receiver.name;
    this.#options.metrics.auditExportFailed(code);
    this.#attempts += 1;
    const now = performance.now();
    if (code !== this.#said || now - this.#saidAt > SAY_AGAIN_MS) {
      this.#log.warn('audit.unexported', { receiver, code, detail, attempts: this.#attempts });
      this.#saidAt = now;
      this.#said = code;
    }
    const backoff = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** (this.#attempts - 1));
    return backoff * (0.5 + Math.random() / 2);
  }

  over(): void {
    if (this.#attempts === 0) return;
    this.#log.info('audit.exported-again', { receiver: this.#options.receiver.name, attempts: this.#attempts });
    this.#attempts = 0;
    this.#said = '';
  }
}
