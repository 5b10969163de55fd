import { sopClassName } from '@acervo/dicom/sop-class.ts';
import type { RejectReason } from '@acervo/dicom/ul/pdu.ts';
import type { FailureCode } from '@acervo/kernel/failure.ts';
import { toFailure } from '@acervo/kernel/failure.ts';
import { STUDY_ROOT_FIND } from '../../bindings/find-scu.ts';
import type { System } from '../../ports/systems.ts';
import type { Associated, ContextAnswer, Link, TlsSeen } from './link.ts';
import { testQuery } from './test-query.ts';
import type { FindingCode } from './words-es.ts';

export type Step = 'tcp' | 'tls' | 'association' | 'contexts' | 'pdu' | 'echo' | 'find' | 'charset';
export type Outcome = 'good' | 'warning' | 'bad' | 'skipped';
export type Facts = Readonly<Record<string, string | number>>;

/** What one step found, as a code whose words stand in words.ts, and the facts that fill them. */
export type Finding = { step: Step; outcome: Outcome; code: FindingCode; facts: Facts };

export type Patient = Pick<System, 'aeTitle' | 'tls' | 'isMoveDestination' | 'charset'> & {
  host: string;
  port: number;
};

const VERIFICATION = '1.2.840.10008.1.1';
/** What is proposed: the services of PS3.4 that archives speak, and storage of what modalities make most. */
const PROPOSED: readonly string[] = [
  VERIFICATION,
  STUDY_ROOT_FIND,
  '1.2.840.10008.5.1.4.1.2.2.2',
  '1.2.840.10008.5.1.4.1.2.2.3',
  '1.2.840.10008.1.20.1',
  '1.2.840.10008.5.1.4.1.1.1',
  '1.2.840.10008.5.1.4.1.1.1.1',
  '1.2.840.10008.5.1.4.1.1.1.2',
  '1.2.840.10008.5.1.4.1.1.2',
  '1.2.840.10008.5.1.4.1.1.4',
  '1.2.840.10008.5.1.4.1.1.6.1',
  '1.2.840.10008.5.1.4.1.1.7',
  '1.2.840.10008.5.1.4.1.1.88.22',
  '1.2.840.10008.5.1.4.1.1.104.1',
];
const STORAGE_ROOT = '1.2.840.10008.5.1.4.1.1.';
/** Below this, P-DATA-TF headers and round trips slow the sending of images down. */
const PDU_BYTES_LOW = 16_384;
const EXPIRES_SOON_MS = 30 * 86_400_000;

/** Try the way to a system step by step, and tell what is found; ends where going on makes no sense. */
export async function diagnose(patient: Patient, link: Link, tell: (finding: Finding) => void): Promise<void> {
  const { host, port, aeTitle } = patient;
  const say = (step: Step, outcome: Outcome, code: FindingCode, facts: Facts = {}): void =>
    tell({ step, outcome, code, facts: { host, port, aeTitle, ...facts } });
  const reached = await link.reach();
  if ('error' in reached) return say('tcp', 'bad', tcpCode(reached.error), { error: reached.error });
  say('tcp', 'good', 'tcp.open', { ms: reached.ms });
  if (!patient.tls) say('tls', 'skipped', 'tls.off');
  else if (!judgeTls(await link.handshake(), say)) return;
  const answer = await link.associate(PROPOSED);
  if ('rejected' in answer) return say('association', 'bad', rejectCode(answer.rejected), { ...answer.rejected });
  if ('failed' in answer) {
    const { failed, detail } = answer;
    const greeting = patient.tls ? 'silent' : await link.greeting();
    return say('association', 'bad', greetingCode(greeting, failed), { detail });
  }
  try {
    await examine(patient, answer, say);
  } finally {
    // What it had to tell has been told; a peer that does not release is a finding of its own at most.
    await answer.release().catch(() => {});
  }
}

type Say = (step: Step, outcome: Outcome, code: FindingCode, facts?: Facts) => void;

async function examine(patient: Patient, peer: Associated, say: Say): Promise<void> {
  const { ms, implementationVersionName: version, implementationClassUid: implementation } = peer;
  say('association', 'good', 'association.accepted', { ms, version, implementation });
  const isAccepted = (uid: string): boolean => peer.contexts.some(isOf(uid));
  judgeContexts(patient, peer.contexts, say);
  const bytes = peer.maximumLength;
  if (bytes > 0 && bytes < PDU_BYTES_LOW) say('pdu', 'warning', 'pdu.small', { bytes });
  else say('pdu', 'good', bytes === 0 ? 'pdu.unlimited' : 'pdu.fine', { bytes });
  if (!isAccepted(VERIFICATION)) say('echo', 'warning', 'echo.refused');
  else if (!(await judged('echo', say, () => echo(peer, say)))) return;
  if (!isAccepted(STUDY_ROOT_FIND)) return say('find', 'skipped', 'find.refused');
  await judged('find', say, () => find(patient, peer, say));
}

const isOf =
  (uid: string) =>
  ({ abstractSyntax, result }: ContextAnswer): boolean =>
    abstractSyntax === uid && result === 0;

/** @returns false where the association did not outlive the step */
async function judged(step: Step, say: Say, work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (thrown) {
    say(step, 'bad', 'association.lost', { detail: toFailure(thrown).detail });
    return false;
  }
}

async function echo(peer: Associated, say: Say): Promise<void> {
  const { status, ms } = await peer.echo();
  if (status === 0) say('echo', 'good', 'echo.answered', { ms });
  else say('echo', 'bad', 'echo.failed', { status: hex(status) });
}

async function find(patient: Patient, peer: Associated, say: Say): Promise<void> {
  const query = testQuery(new Date());
  const { status, ms, match } = await peer.findOne(query.identifier);
  // FE00: it has done what the cancel asked of it (PS3.4 C.4.1.2.1).
  const isFine = status === 0x0000 || status === 0xfe00;
  if (!isFine) return say('find', 'bad', status === 0x0124 ? 'find.denied' : 'find.failed', { status: hex(status) });
  if (match === undefined) return say('find', 'good', 'find.nothing', { ms, since: query.since });
  say('find', 'good', 'find.answered', { ms });
  const { declared, isAscii, isDeclared } = query.charsetOf(match);
  const agreed = patient.charset ?? '-';
  if (isAscii) say('charset', 'good', 'charset.ascii', { declared });
  else if (!isDeclared) say('charset', 'warning', 'charset.undeclared', { declared, agreed });
  else say('charset', 'good', 'charset.declared', { declared, agreed });
}

function judgeContexts(patient: Patient, contexts: readonly ContextAnswer[], say: Say): void {
  const names = (wanted: (each: ContextAnswer) => boolean): string =>
    contexts
      .filter(wanted)
      .map(({ abstractSyntax }) => sopClassName(abstractSyntax) ?? abstractSyntax)
      .join(', ') || '-';
  const accepted = names(({ result }) => result === 0);
  const refused = contexts.filter(({ result }) => result !== 0).length;
  const storage = contexts.filter(({ abstractSyntax, result }) => result === 0 && isStorage(abstractSyntax)).length;
  if (accepted === '-') return say('contexts', 'bad', 'contexts.none', { refused });
  if (storage === 0 && patient.isMoveDestination) return say('contexts', 'bad', 'contexts.no-storage', { accepted });
  const syntaxes = names(({ result }) => result === 4);
  if (syntaxes !== '-') say('contexts', 'warning', 'contexts.syntaxes', { syntaxes });
  say('contexts', 'good', 'contexts.accepted', { accepted, refused, storage });
}

const isStorage = (uid: string): boolean => uid.startsWith(STORAGE_ROOT);

/** @returns whether to go on */
function judgeTls(seen: TlsSeen | { error: string }, say: Say): boolean {
  if ('error' in seen) {
    say('tls', 'bad', 'tls.handshake', { detail: seen.error });
    return false;
  }
  const { version, cipher, subject, issuer, validTo, identities, failure } = seen;
  const facts = { version, cipher, subject, issuer, validTo, identities: identities.join(' ') };
  if (failure !== undefined) {
    say('tls', 'bad', TLS_CODES[failure.code] ?? 'tls.handshake', { ...facts, detail: failure.detail });
    return false;
  }
  const isEnding = Date.parse(validTo) - Date.now() < EXPIRES_SOON_MS;
  say('tls', isEnding ? 'warning' : 'good', isEnding ? 'tls.ending' : 'tls.safe', facts);
  return true;
}

const TLS_CODES: Readonly<Partial<Record<FailureCode, FindingCode>>> = {
  'tls/expired': 'tls.expired',
  'tls/revoked': 'tls.revoked',
  'tls/untrusted': 'tls.untrusted',
  'tls/crl': 'tls.crl',
  'tls/wrong-system': 'tls.wrong-name',
  'tls/no-certificate': 'tls.untrusted',
};

function tcpCode(error: string): FindingCode {
  if (error === 'ECONNREFUSED' || error === 'ECONNRESET') return 'tcp.refused';
  if (error === 'ENOTFOUND' || error === 'EAI_AGAIN') return 'tcp.no-name';
  return error === 'ETIMEDOUT' ? 'tcp.silent' : 'tcp.no-way';
}

/** PS3.8 table 9-21. */
const REJECTS: Readonly<Record<string, FindingCode>> = {
  '1 1': 'rejected.no-reason',
  '1 2': 'rejected.application',
  '1 3': 'rejected.calling',
  '1 7': 'rejected.called',
  '2 2': 'rejected.version',
  '3 1': 'rejected.busy',
  '3 2': 'rejected.busy',
};

const rejectCode = ({ source, reason }: RejectReason): FindingCode =>
  REJECTS[`${source} ${reason}`] ?? 'rejected.no-reason';

function greetingCode(greeting: Awaited<ReturnType<Link['greeting']>>, failed: FailureCode): FindingCode {
  if (greeting === 'http') return 'peer.http';
  if (greeting === 'tls') return 'peer.tls';
  if (greeting === 'other' || failed === 'ul/bad-pdu') return 'peer.other';
  return 'peer.silent';
}

const hex = (status: number): string => `0x${status.toString(16).padStart(4, '0').toUpperCase()}`;
