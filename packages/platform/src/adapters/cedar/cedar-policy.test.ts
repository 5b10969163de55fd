import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import type { Role } from '../../ports/directory.ts';
import { type Action, DESK_ACTIONS, type Principal, STUDY_ACTIONS, type StudyClass } from '../../ports/policy.ts';
import { cedarPolicy } from './cedar-policy.ts';

const policy = cedarPolicy();

const OTHERS: StudyClass = {
  institution: 'OTHER',
  isOwn: false,
  isGranted: false,
  sharedFor: [],
  isReferred: false,
  glassBroken: false,
  sensitivity: [],
};
const OWN: StudyClass = { ...OTHERS, institution: 'HGM', isOwn: true };

const person = (...roles: Role[]): Principal => ({
  kind: 'person',
  id: 'p',
  institution: 'HGM',
  roles,
  may: [],
  strength: 'password',
});
const system = (...may: Action[]): Principal => ({
  kind: 'system',
  id: 's',
  institution: 'HGM',
  roles: [],
  may,
  strength: 'secret',
});

type Asked = { purpose?: string; secondFactor?: boolean; action?: (typeof STUDY_ACTIONS)[number] };

/** Which policies decide, behind + or -. */
function said(principal: Principal, study: StudyClass, asked: Asked = {}): string {
  const { purpose = 'TREATMENT', secondFactor = false, action = 'read' } = asked;
  const decision = policy.decide({ principal, action, study, context: { purpose, secondFactor } });
  return `${decision.isPermitted ? '+' : '-'}${decision.policies.join()}`;
}

test('what ships is what the schema allows', () => {
  // With a text of the operator's everything is checked, and this one adds nothing.
  assert.equal(cedarPolicy({ text: '', name: 'nothing' }).digest, policy.digest);
});

test('an institution sees its own, by those whose work it is', () => {
  assert.equal(said(person('radiologist'), OWN), '+own-person');
  assert.equal(said(person('radiologist'), OTHERS), '-');
  assert.equal(said(person('radiologist'), OWN, { purpose: 'RESEARCH' }), '-');
  assert.equal(said(system('read'), OWN), '+own-system');
  assert.equal(said(system('read'), OTHERS), '-');
  assert.equal(said(system('query'), OWN), '-system-may-read');
  assert.equal(said(system('read'), { ...OTHERS, isGranted: true }), '+granted-system');
  for (const role of ['administrator', 'auditor', 'data-protection-officer', 'ethics-committee'] as const) {
    for (const action of STUDY_ACTIONS) assert.equal(said(person(role), OWN, { action }), '-', `${role} ${action}`);
  }
  assert.equal(said(person('steward'), OWN, { action: 'query' }), '+own-steward');
  assert.equal(said(person('steward'), OWN), '-');
  assert.equal(said(person('site-chief'), OWN, { action: 'export' }), '-');
  assert.equal(said(person('site-chief'), OWN, { action: 'export', secondFactor: true }), '+own-export');
});

test('an agreement shares for its purposes, a referral for treatment, broken glass for who broke it', () => {
  const shared: StudyClass = { ...OTHERS, sharedFor: ['TREATMENT', 'RESEARCH'] };
  assert.equal(said(person('radiologist'), shared), '+agreement');
  assert.equal(said(person('radiologist'), shared, { purpose: 'RESEARCH' }), '+agreement');
  assert.equal(said(person('radiologist'), shared, { purpose: 'OPERATIONS' }), '-');
  assert.equal(said(person('auditor'), shared), '-');
  assert.equal(said(system('read'), shared), '+agreement');
  assert.equal(said(system('read', 'export'), shared, { action: 'export' }), '-', 'what is shared is not taken along');
  const referred = { ...OTHERS, isReferred: true };
  assert.equal(said(person('radiologist'), referred), '+referral');
  assert.equal(said(person('radiologist'), referred, { purpose: 'RESEARCH' }), '-');
  const broken = { ...OTHERS, glassBroken: true };
  assert.equal(said(person('technician'), broken), '+break-glass');
  assert.equal(said(person('auditor'), broken), '-');
  assert.equal(said(system('read'), broken), '-');
});

test('what is sensitive takes a role and treatment, or broken glass; of minors nothing but what serves them', () => {
  const vip = { ...OWN, sensitivity: ['vip'] };
  assert.equal(said(person('radiologist'), vip), '+own-person');
  assert.equal(said(person('radiologist'), vip, { purpose: 'OPERATIONS' }), '-sensitive');
  assert.equal(said(person('medical-physicist'), vip), '-sensitive');
  assert.equal(said(system('read', 'commit'), vip), '-sensitive', 'nobody knows who sits before it');
  assert.equal(said(system('read', 'commit'), vip, { action: 'commit' }), '+own-system', 'it may delete its copy');
  const shared: StudyClass = { ...OTHERS, sharedFor: ['TREATMENT'], sensitivity: ['hiv'] };
  assert.equal(said(person('radiologist'), shared), '-sensitive', 'an agreement does not share it');
  assert.equal(said(person('radiologist'), { ...shared, isReferred: true }), '+agreement,referral');
  assert.equal(said(person('radiologist'), { ...shared, glassBroken: true }), '+agreement,break-glass');
  const minor: StudyClass = { ...OTHERS, sharedFor: ['TREATMENT', 'RESEARCH'], sensitivity: ['minor'] };
  assert.equal(said(system('read'), minor), '+agreement');
  assert.equal(said(system('read'), minor, { purpose: 'RESEARCH' }), '-minors');
});

test('what may be done at an institution is its own office', () => {
  const may = (principal: Principal, isOwn: boolean, secondFactor: boolean): string[] =>
    DESK_ACTIONS.filter((action) => {
      const desk = { institution: isOwn ? 'HGM' : 'OTHER', isOwn, isGranted: false };
      return policy.decide({ principal, action, desk, context: { purpose: 'TREATMENT', secondFactor } }).isPermitted;
    });
  const models = ['submit-model', 'read-model'];
  const governing = ['govern-model', 'stop-model'];
  assert.deepEqual(may(person('administrator'), true, true), [
    'administer',
    ...models,
    'trust-signer',
    ...governing,
    'route-ai',
    'watch-ai',
  ]);
  assert.deepEqual(
    may(person('administrator'), true, false),
    [...models, 'stop-model', 'watch-ai'],
    'who administers shows a second factor',
  );
  assert.deepEqual(may(person('administrator'), false, true), []);
  assert.deepEqual(may(person('radiologist'), true, false), [
    'store',
    'refer',
    'break-glass',
    'read-model',
    'stop-model',
    'request-ai',
    'assess-ai',
  ]);
  assert.deepEqual(may(person('radiologist'), false, false), ['break-glass']);
  assert.deepEqual(may(person('data-protection-officer'), true, true), [
    'audit',
    'review',
    'read-model',
    'sign-model',
    'read-incident',
  ]);
  const decides = ['read-model', 'sign-model', 'govern-model', 'stop-model'];
  assert.deepEqual(may(person('authority'), true, true), ['audit', ...decides, 'read-incident', 'handle-incident']);
  assert.deepEqual(
    may(person('authority'), false, true),
    ['stop-model', 'read-incident', 'handle-incident'],
    'to stop and to look into incidents is all that is done elsewhere',
  );
  assert.deepEqual(may(person('auditor'), true, false), ['audit', 'read-model', 'watch-ai', 'read-incident']);
  for (const role of ['medical-physicist', 'site-chief'] as const) {
    const handles = (isOwn: boolean, isSure: boolean): boolean =>
      may(person(role), isOwn, isSure).includes('handle-incident');
    assert.deepEqual([handles(true, true), handles(true, false), handles(false, true)], [true, false, false], role);
  }
  for (const role of ['validator', 'medical-physicist', 'site-chief'] as const) {
    assert.ok(may(person(role), true, true).includes('compare-silent'), role);
    for (const [isOwn, secondFactor] of [
      [true, false],
      [false, true],
    ] as const) {
      assert.ok(!may(person(role), isOwn, secondFactor).includes('compare-silent'), `${role} ${isOwn} ${secondFactor}`);
    }
  }
  assert.deepEqual(may(person('steward'), true, false), ['steward', ...models]);
  assert.deepEqual(may(person('steward'), true, true), ['steward', ...models, 'trust-signer']);
  assert.deepEqual(may(system('query', 'administer'), true, true), [
    'administer',
    'steward',
    'refer',
    ...models,
    'route-ai',
    'request-ai',
    'watch-ai',
  ]);
  assert.deepEqual(may(system('store'), true, false), ['store']);
  assert.deepEqual(may(system('store', 'administer', 'audit'), false, true), []);
});

test('an operator adds policies, and replaces those whose name is used again; the version is the text', () => {
  const own = cedarPolicy({
    name: 'own.cedar',
    text: `@id("own-person") permit (principal is Person, action, resource is Study) when { resource.isOwn };
      @id("closed") forbid (principal, action, resource is Study) when { resource.institution == Institution::"HIM" };
      @id("one") forbid (principal == Person::"p9", action, resource);`,
  });
  assert.notEqual(own.digest, policy.digest);
  assert.deepEqual([own.institutionsNamed, own.namesPrincipals], [new Set(['HIM']), true]);
  assert.deepEqual([policy.institutionsNamed, policy.namesPrincipals], [new Set(), false]);
  const context = { purpose: 'RESEARCH', secondFactor: false };
  const ask = (study: StudyClass) => own.decide({ principal: person('auditor'), action: 'read', study, context });
  assert.deepEqual(ask(OWN), { isPermitted: true, policies: ['own-person'] });
  assert.deepEqual(ask({ ...OWN, institution: 'HIM' }), { isPermitted: false, policies: ['closed'] });
  assert.equal(cedarPolicy().digest, policy.digest);
});

test('a policy that is not understood, that the schema has not, or that has no name refuses, and is named', () => {
  const refused = (text: string, about: RegExp): void => {
    assert.throws(
      () => cedarPolicy({ text, name: 'own.cedar' }),
      (thrown) => thrown instanceof Failure && thrown.code === 'config/invalid' && about.test(thrown.detail),
    );
  };
  refused('permit (principal, action', /own\.cedar/);
  refused('permit (principal, action, resource);', /own\.cedar.*without @id/);
  refused('@id("a") permit (principal, action, resource) when { resource.patientName == "X" };', /policy a: /);
  refused('@id("a") permit (principal, action == Action::"fly", resource);', /policy a: /);
  refused('@id("a") permit (principal == ?principal, action, resource);', /template/);
  refused('@id("a") permit (principal, action, resource); @id("a") forbid (principal, action, resource);', /twice/);
});
