import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cedarPolicy } from '../adapters/cedar/cedar-policy.ts';
import { Authorities, type Standpoint } from '../policy/authority.ts';
import { Decisions } from '../policy/classes.ts';
import type { Question } from '../ports/policy.ts';
import { type Given, NO_MARKS, NOTHING_SHARED, type Sharing } from '../ports/sharing.ts';
import { EVERYTHING, type StudyFacts, standingOf } from '../ports/view.ts';

const policy = cedarPolicy();

const system = (granted: Standpoint['granted'] = []): Standpoint => ({
  principal: { kind: 'system', id: 'S', institution: 'B', roles: [], may: ['query', 'read'], strength: 'secret' },
  context: { purpose: 'TREATMENT', secondFactor: false },
  granted,
});

const STUDY: StudyFacts = {
  institution: 'A',
  studyUid: '2.25.1',
  issuer: 'A',
  patientId: '7',
  modalities: ['CT'],
  studyDate: '2026-01-01',
  labels: [],
};

/** One agreement of A with B, from the second to the fourth hour. */
function shared(): { sharing: Sharing & { revision: number }; given: Given } {
  const validity = { from: '2026-01-01T02:00:00.000Z', until: '2026-01-01T04:00:00.000Z' };
  const agreement = { owner: 'A', receiver: 'B', purposes: ['TREATMENT' as const], validity, reference: 'x' };
  const given: Given = { agreements: [agreement], referrals: [], glasses: [] };
  return { given, sharing: { revision: 1, givenTo: (institution) => (institution === 'B' ? given : NONE) } };
}
const NONE: Given = { agreements: [], referrals: [], glasses: [] };

test('what is shared begins and ends by the clock, though nobody changes anything', () => {
  let hour = 0;
  const now = (): string => `2026-01-01T0${hour}:00:00.000Z`;
  const authority = new Authorities(new Decisions(policy), shared().sharing, NO_MARKS, now).of(system());
  const seen: boolean[] = [];
  for (hour = 1; hour <= 5; hour++) {
    const isFound = standingOf(authority.view('query'), 'A') !== 'none';
    assert.equal(authority.judge('query', STUDY).decision.isPermitted, isFound);
    seen.push(isFound);
  }
  assert.deepEqual(seen, [false, true, true, false, false], 'the end itself is outside');
});

test('what changes counts at once; what did not is not asked again', () => {
  let asked = 0;
  const decide = (question: Question) => {
    asked += 1;
    return policy.decide(question);
  };
  const counting = { ...policy, decide };
  const { sharing, given } = shared();
  const now = (): string => '2026-01-01T03:00:00.000Z';
  const authorities = new Authorities(new Decisions(counting), sharing, NO_MARKS, now);
  const view = () => authorities.of(system()).view('query');
  assert.equal(standingOf(view(), 'A'), 'depends');
  const [before, known] = [asked, view()];
  assert.equal(view(), known);
  assert.equal(asked, before);
  sharing.givenTo = () => NONE;
  assert.equal(view(), known, 'until its revision says so');
  sharing.revision += 1;
  assert.equal(standingOf(view(), 'A'), 'none');
  assert.equal(given.agreements.length, 1);
});

test('who sees all institutions alike is asked about none', () => {
  const authority = new Authorities(new Decisions(policy), NOTHING_SHARED, NO_MARKS).of(system('*'));
  assert.deepEqual(authority.view('read'), EVERYTHING);
  assert.equal(authority.judge('read', STUDY).decision.isPermitted, true);
  const marks = { revision: 1, institutions: () => ['A'], labelsOf: (of: string) => (of === 'A' ? ['hiv'] : []) };
  const marked = new Authorities(new Decisions(policy), NOTHING_SHARED, marks).of(system('*')).view('read');
  assert.deepEqual(
    ['A', 'B', 'C'].map((institution) => standingOf(marked, institution)),
    ['depends', 'all', 'all'],
  );
});
