import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { toFailure } from '@acervo/kernel/failure.ts';
import { type SmallObject, smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import type { ArchiveProcess } from './archive-process.ts';
import { dataSetOfFile, sha256, storedFile } from './retrieved.ts';
import { associate } from './sender.ts';

/** One object on its way. `lost`: no answer came, so nobody may say what became of it. */
export type Sent = { object: SmallObject; outcome: 'acknowledged' | 'refused' | 'lost'; status?: number };

export type Doors = Pick<ArchiveProcess, 'dimsePort' | 'aeTitle'>;

export type SendPlan = {
  /** Makes the UIDs: the same name and study give the same objects again. */
  name: string;
  study: number;
  /** Bytes of the pixels of each object; unless said, five small sizes in turn and every eighth one streamed. */
  pixelBytes?(number: number): number;
  /** How long the sender waits for an answer. */
  patienceMs?: number;
  /** Sees each outcome; answers whether to go on. */
  after?(sent: Sent): boolean;
};

const OBJECTS_PER_ASSOCIATION = 8;
/** Larger than what is gathered. */
const STREAMED_BYTES = 1_500_000;

const mixedBytes = (number: number): number =>
  number % OBJECTS_PER_ASSOCIATION === 0 ? STREAMED_BYTES : 64 + (number % 5) * 4000;

function plannedObject({ name, study, pixelBytes = mixedBytes }: SendPlan, number: number): SmallObject {
  return smallObject({ name, study, number, pixelBytes: pixelBytes(number) });
}

/**
 * One SCU that sends object after object, some to an association, until it is stopped: then what is on its way
 * is aborted. An association that breaks is followed by another one.
 */
export async function sendUntilStopped(
  archive: Doors,
  plan: SendPlan,
  sent: Sent[],
  signal: AbortSignal,
): Promise<void> {
  const sender = { archive, plan, sent, signal, number: 1 };
  while (!signal.aborted) {
    try {
      if (await sendSome(sender)) return;
    } catch (thrown) {
      assert.match(toFailure(thrown).code, /^(ul|request)\//, String(thrown));
      await pause(AGAIN_MS);
    }
  }
}

type Sender = { archive: Doors; plan: SendPlan; sent: Sent[]; signal: AbortSignal; number: number };

/** The objects of one association. @returns true when `plan.after` wants no more */
async function sendSome(sender: Sender): Promise<boolean> {
  const { archive, plan, sent, signal } = sender;
  const first = plannedObject(plan, sender.number);
  const association = await associate(archive, [first], 'TESTSCU', signal, plan.patienceMs);
  let isEnough = false;
  do {
    const current: Sent = { object: plannedObject(plan, sender.number), outcome: 'lost' };
    sent.push(current);
    sender.number += 1;
    const { status } = await association.store(current.object);
    current.status = status;
    current.outcome = status === 0 ? 'acknowledged' : 'refused';
    isEnough = plan.after?.(current) === false;
    if (current.outcome === 'refused' && !isEnough) await pause(AGAIN_MS);
  } while (!isEnough && !signal.aborted && sender.number % OBJECTS_PER_ASSOCIATION !== 1);
  await association.release();
  return isEnough;
}

/** A peer that was refused or thrown out does not come back at once. */
const AGAIN_MS = 50;
const CHECKED_AT_A_TIME = 8;

/** Every outcome, held against what the archive shows now. @returns how many objects it shows */
export async function checkSent(http: string, sent: readonly Sent[], when: string): Promise<number> {
  const queue = [...sent];
  let visible = 0;
  const check = async (): Promise<void> => {
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const { object, outcome } = next;
      const file = await storedFile(http, object);
      const what = `${when}, ${outcome} ${object.sopInstanceUid}`;
      if (outcome === 'acknowledged') assert.ok(file !== undefined, `${what} is missing`);
      if (outcome === 'refused') assert.equal(file, undefined, `${what} is visible`);
      if (file === undefined) continue;
      assert.equal(sha256(dataSetOfFile(file)), sha256(object.dataSet), `${what} differs`);
      visible += 1;
    }
  };
  await Promise.all(Array.from({ length: CHECKED_AT_A_TIME }, check));
  return visible;
}

export function countsOf(sent: readonly Sent[]): Record<Sent['outcome'], number> {
  const counts = { acknowledged: 0, refused: 0, lost: 0 };
  for (const { outcome } of sent) counts[outcome] += 1;
  return counts;
}
