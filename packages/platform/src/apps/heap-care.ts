import { performance } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { waitMs } from '../journal/sealer.ts';

const LOOK_MS = 30_000;
/** A server that works more than this has no time to spare; what it leaves lying then is collected by V8 itself. */
const BUSY_MAX = 0.5;
/** Bytes above what lived after the last collection: what a few minutes of a quiet server leave lying. */
const GROWN_BYTES = 32 * 2 ** 20;

type Heap = { usedBytes(): number; collect(): void };

/**
 * Collects what is dead in quiet moments. V8 lets a heap grow to several times what lives before it collects all of it,
 * and a server under a constant load grows with it for half an hour (docs/decisions/0001-runtime.md). A collection of
 * the 40 MiB that live takes some 50 ms; it happens twice a minute at the most, and never while the server is busy.
 * Resolves when the signal aborts.
 */
export async function careForHeap(signal: AbortSignal, heap: Heap = v8Heap(), lookMs = LOOK_MS): Promise<void> {
  let livedBytes = heap.usedBytes();
  let before = performance.eventLoopUtilization();
  while (!signal.aborted) {
    await waitMs(lookMs, signal);
    const now = performance.eventLoopUtilization();
    const isBusy = performance.eventLoopUtilization(now, before).utilization > BUSY_MAX;
    before = now;
    if (signal.aborted || isBusy || heap.usedBytes() < livedBytes + GROWN_BYTES) continue;
    heap.collect();
    livedBytes = heap.usedBytes();
  }
}

function v8Heap(): Heap {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  return {
    usedBytes: () => {
      const { used_heap_size: used, external_memory: external } = getHeapStatistics();
      return used + external;
    },
    collect,
  };
}
