import { toFailure } from '@acervo/kernel/failure.ts';
import { LEASE_MS, underLease } from '../../bindings/lease.ts';
import { heldObjects } from '../../holdings/held-objects.ts';
import { studyFacts } from '../../holdings/study-facts.repo.ts';
import { envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { Op } from '../../ports/op.ts';
import type { Address } from '../../ports/systems.ts';
import {
  type Delivery,
  endDelivery,
  isWithdrawn,
  postponeDelivery,
  renewDelivery,
  restDestination,
} from './delivery.repo.ts';
import type { ResultsPorts } from './ports.ts';

/** The first wait after a failed attempt, and the longest one, in milliseconds. */
const WAIT_MS_MIN = 2_000;
const WAIT_MS_MAX = 600_000;
const HOUR_SECONDS = 3_600;

/** Why objects did not come where they were to. */
type Problem = { what: string /** The system could not be reached: it rests. */; isAway: boolean };

/**
 * Send the objects of one delivery, and write down how that went. What a system does not take is tried again, later
 * each time, until it is given up. Rejects only where that could not be written down: then the lease runs out, and
 * another process does it again; a system that has taken an object before takes it as resent.
 */
export async function deliverOne(ports: ResultsPorts, delivery: Delivery, signal: AbortSignal): Promise<void> {
  const { db, log } = ports.holdings;
  const { task, kind, aeTitle, attempts } = delivery;
  const stop = kind === 'result' ? await stopOf(ports, delivery, signal) : undefined;
  if (stop !== undefined) return end(ports, delivery, { state: 'cancelled', problem: stop }, signal);
  let problem: Problem | undefined;
  try {
    problem = await underLease(
      () => renewDelivery(db, delivery, LEASE_MS),
      signal,
      (leased) => sent(ports, delivery, leased),
    );
  } catch (thrown) {
    if (signal.aborted) return postponeDelivery(db, delivery, { waitMs: 0, problem: null });
    const { code, detail } = toFailure(thrown);
    log.warn('ai.unsent', { task, aeTitle, code, detail });
    problem = { what: code, isAway: false };
  }
  if (problem === undefined) return end(ports, delivery, { state: 'delivered', problem: null }, signal);
  if (delivery.ageSeconds >= ports.retryHours * HOUR_SECONDS) {
    log.error('ai.delivery-given-up', { task, aeTitle, attempts, problem: problem.what });
    return end(ports, delivery, { state: 'failed', problem: problem.what }, signal);
  }
  const waitMs = waitOf(attempts);
  ports.metrics.aiDelivery('postponed');
  log.warn('ai.delivery-postponed', { task, aeTitle, attempts, problem: problem.what, waitMs });
  await postponeDelivery(db, delivery, { waitMs, problem: problem.what });
  if (problem.isAway) await restDestination(db, aeTitle, waitMs);
}

/**
 * Asked now, whatever was so when the result was made: what is stopped, silent or withdrawn is not sent, nor what
 * policies keep from systems (0030).
 */
async function stopOf(
  { holdings, states, destinationOp }: ResultsPorts,
  { institution, package: digest, task, studyUid, aeTitle }: Delivery,
  signal: AbortSignal,
): Promise<'not-placed' | 'withdrawn' | 'access/denied' | undefined> {
  if (await isWithdrawn(holdings.db, task)) return 'withdrawn';
  const isPlaced = states.runningAt(institution).some((each) => each.package === digest && each.stage !== 'silencioso');
  if (!isPlaced) return 'not-placed';
  const op = destinationOp(aeTitle, signal);
  const [facts] = await studyFacts(holdings.db, [studyUid], [institution]);
  // Of a system that is not known, or a study that is not there, the attempt tells.
  return op === undefined || facts === undefined || op.decide('read', facts).isPermitted ? undefined : 'access/denied';
}

async function sent(ports: ResultsPorts, delivery: Delivery, signal: AbortSignal): Promise<Problem | undefined> {
  const { institution, aeTitle, studyUid } = delivery;
  const address = addressOf(ports, delivery);
  if (address === undefined) return { what: 'dimse/no-address', isAway: true };
  const instances = await heldObjects(ports.holdings.db, delivery, delivery.objects);
  if (instances.length < delivery.objects.length) return { what: 'retrieve/not-found', isAway: false };
  const op = ports.openOp(institution, signal);
  // Before the first byte leaves: whoever asks who got objects of a patient is told of this system.
  await recorded(ports, op, { institution, studyUid, aeTitle });
  const objects = await ports.send(address, instances, signal);
  const refused = objects.find(({ problem }) => problem !== undefined);
  if (objects.length < instances.length) return { what: 'ul/aborted', isAway: true };
  return refused?.problem === undefined ? undefined : { what: refused.problem, isAway: isAway(refused.problem) };
}

/** A system of the same institution, as the registry has it now. */
function addressOf({ systems }: ResultsPorts, { aeTitle, institution }: Delivery): Address | undefined {
  return systems.byAeTitle(aeTitle)?.institution === institution ? systems.addressOf(aeTitle) : undefined;
}

const isAway = (problem: string): boolean => problem.startsWith('ul/') || problem === 'dimse/no-address';

const recorded = (
  { holdings }: ResultsPorts,
  op: Op,
  { institution, studyUid, aeTitle }: Pick<Delivery, 'institution' | 'studyUid' | 'aeTitle'>,
): Promise<void> =>
  holdings.journal.retrieved(
    op,
    institution,
    studyUid,
    { level: 'instance', aspect: 'objects', service: 'send', destination: aeTitle },
    aeTitle,
  );

type End = Parameters<typeof endDelivery>[2];

async function end(ports: ResultsPorts, delivery: Delivery, over: End, signal: AbortSignal): Promise<void> {
  const { task, kind, aeTitle, objects, attempts, institution, studyUid: study } = delivery;
  const facts = { task, kind, aeTitle, objects, attempts, ...over };
  const outcome = over.state === 'failed' ? 'failure' : over.state === 'cancelled' ? 'warning' : 'success';
  await ports.holdings.db.transaction(async (sql) => {
    if (!(await endDelivery(sql, delivery, over))) return;
    const op = ports.openOp(institution, signal);
    await insertEvents(sql, [envelopeOf(op, 'ai-delivery.ended', { institution, study, outcome }, facts)]);
  });
  ports.metrics.aiDelivery(over.state);
}

/** Twice as long each time, and not all at once after a system was away. */
function waitOf(attempts: number): number {
  const whole = Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** Math.min(attempts - 1, 20));
  return Math.round(whole * (0.75 + Math.random() / 4));
}
