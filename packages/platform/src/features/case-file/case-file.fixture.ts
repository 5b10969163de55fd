import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { SMALL_PACKS, storeSmall } from '@acervo/testkit/filled-archive.ts';
import { type SmallObjectOptions, smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { openTestArchive } from '@acervo/testkit/open-archive.ts';
import { temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { accessesIn } from '../../apps/case-accesses.ts';
import { envelopeOf } from '../../journal/event.ts';
import { linkPatients } from '../patients/link.ts';
import { decideSecondaryUse } from '../rights/secondary-use.ts';
import { breakGlass, endSharing, makeAgreement, refer } from '../sharing/change.ts';
import type { CaseFile, CasePorts } from './case-file.ts';

const VERIFIER = join(import.meta.dirname, '../../../../verifier/src/main.ts');

type Archive = Awaited<ReturnType<typeof openTestArchive>>;

/** What the case file of ANA's study must never hold: whatever names somebody else, or another study. */
export const OTHERS = { patient: 'OTHER-4711', name: 'SECRETO', study: 2, also: 3 } as const;
export const ANA = { institution: 'HGM', issuer: 'TEST', id: 'ANA-1' } as const;
const BEATRIZ = { institution: 'HGM', issuer: 'TEST', id: OTHERS.patient } as const;

const ana = (number: number, more: Partial<SmallObjectOptions> = {}): SmallObjectOptions => ({
  name: 'case',
  study: 1,
  number,
  patientName: 'RUIZ^ANA',
  patientId: ANA.id,
  ...more,
});

/** Names of staff, in the report of who saw the study. */
const whoIs = (actor: { id: string }) => (actor.id === 'p-1' ? { name: 'Dra. Ruiz', institution: 'HGM' } : undefined);

/** An archive in which much has happened to one study of ANA's, and the same to others, of hers and of others. */
export async function openUsed(t: TestContext) {
  const archive = await openTestArchive(t, undefined, SMALL_PACKS);
  for (const number of [1, 2, 3]) await storeSmall(archive, ana(number, { pixelBytes: number === 3 ? 40_000 : 64 }));
  await storeSmall(archive, ana(1, { fill: 200 }));
  await storeSmall(archive, ana(1, { study: OTHERS.also }));
  const other = { name: 'case', study: OTHERS.study, number: 1, patientName: `${OTHERS.name}^X` };
  await storeSmall(archive, { ...other, patientId: OTHERS.patient });
  // The same study at another institution is another study.
  await storeSmall(archive, ana(1), 'ISSSTE');
  const [study, otherStudy, alsoStudy] = [1, OTHERS.study, OTHERS.also].map(
    (number) => smallObject(ana(1, { study: number })).studyUid,
  ) as [string, string, string];
  await shareAndRead(archive, { study, otherStudy });
  return { archive, ports: portsOf(archive), study, otherStudy, alsoStudy };
}

export const portsOf = (archive: Archive): CasePorts => ({
  ...archive.holdings,
  journalKeys: archive.journalKeys,
  signJournal: archive.signJournal,
  accessesOf: accessesIn(archive.holdings, whoIs),
});

async function shareAndRead({ database: db, holdings }: Archive, of: { study: string; otherStudy: string }) {
  const { journal } = holdings;
  const { study, otherStudy } = of;
  const owner = testOp({ institution: 'HGM' });
  const validity = { from: '2026-01-01T00:00:00Z' };
  const purposes = ['TREATMENT'];
  const agreement = (receiver: string) => ({
    owner: 'HGM',
    receiver,
    purposes,
    validity,
    reference: `con ${receiver}`,
  });
  await makeAgreement(db, owner, agreement('UNREAD'));
  const { id } = await makeAgreement(db, owner, agreement('IMSS'));
  for (const uid of [study, otherStudy]) {
    const facts = { level: 'study', aspect: 'rendered' };
    await journal.retrieved(testOp({ actor: { kind: 'person', id: 'p-1' }, institution: 'HGM' }), 'HGM', uid, facts);
    await journal.retrieved(testOp({ institution: 'IMSS', address: '10.1.2.3' }), 'HGM', uid, facts);
  }
  await endSharing(db, owner, 'agreement', id);
  for (const { issuer, id: patientId } of [ANA, BEATRIZ]) {
    await refer(db, owner, {
      owner: 'HGM',
      receiver: 'SSA',
      issuer,
      patientId,
      reason: `envío ${patientId}`,
      validity,
    });
  }
  const doctor = testOp({ actor: { kind: 'person', id: 'p-2' }, institution: 'SSA' });
  for (const studyUid of [study, otherStudy]) {
    await breakGlass(db, doctor, { owner: 'HGM', subject: { studyUid }, reason: `urgencia ${studyUid}` });
  }
  for (const patient of [ANA, BEATRIZ]) {
    await decideSecondaryUse(db, owner, patient, { decision: 'refused', reason: `pidió ${patient.id}` });
  }
  await linkPatients(db, owner, [ANA, BEATRIZ], 'the same card');
  const all = testOp({ actor: { kind: 'process', id: 'export' }, door: 'cli' });
  await journal.record(envelopeOf(all, 'export.finished', { institution: '' }, { studies: 3 }));
}

/** Write a case file, and have it verified by the program that knows neither archive nor network. */
export async function written(made: Pick<CaseFile, 'bytes'>): Promise<string> {
  const path = join(temporaryDirectory(), 'case.tar');
  const chunks: Uint8Array[] = [];
  for await (const chunk of made.bytes()) chunks.push(Uint8Array.from(chunk));
  writeFileSync(path, Buffer.concat(chunks));
  return path;
}

export function verified(path: string, ...known: readonly string[]): { status: number | null; stdout: string } {
  return spawnSync(process.execPath, [VERIFIER, 'case', path, ...known], { encoding: 'utf8' });
}
