import assert from 'node:assert/strict';
import { test } from 'node:test';
import { migratedDatabase } from '@acervo/testkit/postgres.ts';
import fc from 'fast-check';
import { cedarPolicy } from '../adapters/cedar/cedar-policy.ts';
import type { Database } from '../adapters/postgres/database.ts';
import { labelsInUse } from '../features/sharing/sharing.repo.ts';
import { Bound } from '../holdings/bound.ts';
import { studyKeyOf } from '../holdings/keys.ts';
import { studyFacts } from '../holdings/study-facts.repo.ts';
import { viewCondition } from '../holdings/view.repo.ts';
import { Authorities, type Standpoint } from '../policy/authority.ts';
import { Decisions } from '../policy/classes.ts';
import { PURPOSES, ROLES, SENSITIVITIES } from '../ports/directory.ts';
import { STUDY_ACTIONS } from '../ports/policy.ts';
import type { Agreement, Given, Glass, Marks, Referral, Sharing } from '../ports/sharing.ts';
import type { View } from '../ports/view.ts';

const INSTITUTIONS = ['A', 'B', 'C', 'D'];
const MODALITIES = ['CT', 'MR', 'CR'];
const PATIENTS = ['1', '2', '3'];
const DAYS = ['2025-01-01', '2025-06-01', '2026-01-01'];
const NOW = '2026-05-01T00:00:00.000Z';
const STUDIES = 160;

/** Policies of an operator who means something else than the archive: what a filter gets wrong, these show. */
const OTHERS = [
  undefined,
  `@id("odd-names") permit (principal, action, resource is Study)
     when { resource.institution == Institution::"C" && resource.sensitivity.contains("vip") };`,
  `@id("odd-relations") forbid (principal, action, resource is Study) when { resource.isReferred };
   @id("odd-lack") permit (principal, action, resource is Study) unless { resource.sharedFor.contains("RESEARCH") };`,
  `@id("odd-labels") forbid (principal, action, resource is Study)
     when { resource.sensitivity.contains("minor") && !resource.sensitivity.contains("staff") };
   @id("sensitive") permit (principal is Person, action, resource is Study) when { resource.glassBroken };`,
  `@id("odd-persons") forbid (principal == Person::"p1", action, resource is Study) when { resource.isOwn };`,
].map((text) => new Decisions(cedarPolicy(text === undefined ? undefined : { text, name: 'test' })));

const institution = fc.constantFrom(...INSTITUTIONS);
const day = fc.option(fc.constantFrom(...DAYS), { nil: undefined });
const some = <T>(of: readonly T[], minLength = 1) => fc.uniqueArray(fc.constantFrom(...of), { minLength });
/** In force, over, or not yet. */
const validity = fc.constantFrom(
  { from: '2026-01-01T00:00:00.000Z' },
  { from: '2026-01-01T00:00:00.000Z', until: '2027-01-01T00:00:00.000Z' },
  { from: '2026-01-01T00:00:00.000Z', until: NOW },
  { from: '2026-05-01T00:00:00.001Z' },
);
const patient = fc.record({ issuer: fc.constantFrom('I1', 'I2'), patientId: fc.constantFrom(...PATIENTS) });
const agreement: fc.Arbitrary<Agreement> = fc.record({
  owner: institution,
  receiver: fc.constant('B'),
  modalities: fc.option(some(MODALITIES), { nil: undefined }),
  from: day,
  to: day,
  purposes: some(PURPOSES),
  validity,
  reference: fc.constant('x'),
});
const referral: fc.Arbitrary<Referral> = fc
  .record({ owner: institution, receiver: fc.constant('B'), reason: fc.constant('x'), validity, of: patient })
  .map(({ of, ...rest }) => ({ ...rest, ...of }));
const glass: fc.Arbitrary<Glass> = fc.record({
  owner: institution,
  receiver: fc.constant('B'),
  person: fc.constant('p1'),
  subject: fc.oneof(
    patient,
    fc.integer({ min: 0, max: STUDIES }).map((number) => ({ studyUid: `2.25.${number}` })),
  ),
  reason: fc.constant('x'),
  validity,
});
const given: fc.Arbitrary<Given> = fc.record({
  agreements: fc.array(agreement, { maxLength: 4 }),
  referrals: fc.array(referral, { maxLength: 3 }),
  glasses: fc.array(glass, { maxLength: 3 }),
});
const mark = fc.record({
  institution,
  label: fc.constantFrom(...SENSITIVITIES),
  of: fc.oneof(
    patient,
    patient.map(({ patientId }) => ({ patientId })),
    fc.integer({ min: 0, max: STUDIES }).map((number) => ({ studyUid: `2.25.${number}` })),
  ),
});
const standpoint: fc.Arbitrary<Standpoint> = fc.record({
  principal: fc.oneof(
    fc.record({
      kind: fc.constant('person' as const),
      id: fc.constantFrom('p1', 'p2'),
      institution: fc.constant('B'),
      roles: some(ROLES).map((roles) => roles.sort()),
      may: fc.constant([]),
      strength: fc.constant('password' as const),
    }),
    fc.record({
      kind: fc.constant('system' as const),
      id: fc.constant('s1'),
      institution: fc.constant('B'),
      roles: fc.constant([]),
      may: some(STUDY_ACTIONS).map((may) => may.sort()),
      strength: fc.constant('secret' as const),
    }),
  ),
  context: fc.record({ purpose: fc.constantFrom(...PURPOSES), secondFactor: fc.boolean() }),
  granted: fc.oneof(fc.constant('*' as const), some(INSTITUTIONS, 0), fc.constant([])),
});

test('what a search finds is what deciding about each study permits', async (t) => {
  const db = await migratedDatabase(t);
  await fill(db);
  const uids = Array.from({ length: STUDIES }, (_, number) => `2.25.${number}`);
  const met = { permitted: 0, denied: 0, without: 0, exactly: 0, within: 0 };
  await fc.assert(
    fc.asyncProperty(
      given,
      fc.array(mark, { maxLength: 6 }),
      standpoint,
      fc.constantFrom(...OTHERS),
      async (shared, marks, of, decisions) => {
        const labels = await markAll(db, marks);
        const authority = new Authorities(decisions, sharing(shared), labels, () => NOW).of(of);
        const all = await studyFacts(db, uids, INSTITUTIONS);
        assert.equal(all.length, STUDIES);
        for (const action of STUDY_ACTIONS) {
          const view = authority.view(action);
          const permitted = all.filter((study) => authority.judge(action, study).decision.isPermitted);
          assert.deepEqual(await found(db, view), permitted.map(({ studyUid }) => studyUid).sort());
          count(met, view);
          met.permitted += permitted.length;
          met.denied += all.length - permitted.length;
        }
      },
    ),
    { numRuns: 100 },
  );
  // Else it would have shown little.
  for (const [what, times] of Object.entries(met)) assert.ok(times > 0, `${what}: ${times}`);
});

function count(met: Record<'without' | 'exactly' | 'within', number>, view: View): void {
  for (const { terms, labels } of [...view.institutions.values(), view.others].flat()) {
    if (terms.some(({ isMet }) => !isMet)) met.without += 1;
    if (labels.kind === 'exactly') met.exactly += 1;
    if (labels.kind === 'within') met.within += 1;
  }
}

async function found(db: Database, view: View): Promise<string[]> {
  const bound = new Bound();
  const condition = viewCondition(bound, view) ?? 'true';
  const rows = await db.query<{ uid: string }>(
    `select s.study_uid as uid from study s where ${condition}`,
    bound.values,
  );
  return rows.map(({ uid }) => uid).sort();
}

const sharing = ({ agreements, referrals, glasses }: Given): Sharing => ({
  revision: 1,
  givenTo: (_, person) => ({ agreements, referrals, glasses: glasses.filter((each) => each.person === person) }),
});

async function markAll(
  db: Database,
  marks: readonly (typeof mark extends fc.Arbitrary<infer T> ? T : never)[],
): Promise<Marks> {
  await db.asOwner((sql) => sql.query('truncate sensitivity'));
  const rows = marks.map(({ institution: at, label, of }, revision) => {
    const subject = { issuer: '', patientId: '', studyUid: '', ...of };
    return { at, label, ...subject, revision };
  });
  await db.asOwner((sql) =>
    sql.query(
      `insert into sensitivity (institution, issuer, patient_id, study_uid, label, event, at, revision, reason)
       select at, issuer, "patientId", "studyUid", label, gen_random_uuid(), now(), revision, ''
       from jsonb_to_recordset($1::jsonb) as given (at text, issuer text, "patientId" text, "studyUid" text,
         label text, revision bigint)
       on conflict (institution, patient_id, issuer, study_uid, label) do nothing`,
      [JSON.stringify(rows)],
    ),
  );
  const used = new Map((await labelsInUse(db)).map((row) => [row.institution, row.labels]));
  return { revision: 1, institutions: () => [...used.keys()], labelsOf: (at) => used.get(at) ?? [] };
}

/** Every institution has every kind of study: with and without a date, a patient, each modality. */
async function fill(db: Database): Promise<void> {
  const rows = Array.from({ length: STUDIES }, (_, number) => {
    const at = INSTITUTIONS[number % INSTITUTIONS.length] ?? '';
    const rest = Math.floor(number / INSTITUTIONS.length);
    const uid = `2.25.${number}`;
    return {
      key: studyKeyOf(at, uid),
      at,
      uid,
      issuer: rest % 2 === 0 ? 'I1' : 'I2',
      patient: [...PATIENTS, null][rest % 4],
      date: [...DAYS, null][Math.floor(rest / 2) % 4],
      modalities: [['CT'], ['MR', 'CR'], [], ['CT', 'MR']][Math.floor(rest / 3) % 4],
    };
  });
  await db.query(
    `with given as (select * from jsonb_to_recordset($1::jsonb) as given
       (key uuid, at text, uid text, issuer text, patient text, date date, modalities text[])),
     told as (insert into study_identifier (study_key, place, issuer, id, type)
       select key, 0, issuer, patient, '' from given where patient is not null)
     insert into study (study_key, institution, study_uid, source, issuer, patient_id, patient_name, study_date,
       referring_name, description, marks, modalities, series_count, instance_count, bytes, first_stored, last_stored)
     select key, at, uid, '', issuer, patient, '', date, '', '', 0, modalities, 1, 1, 1, now(), now() from given`,
    [JSON.stringify(rows)],
  );
}
