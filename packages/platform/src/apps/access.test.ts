import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { silentLog, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import type { Directory, Role } from '../ports/directory.ts';
import type { Identity } from '../ports/identity.ts';
import type { Op } from '../ports/op.ts';
import type { StudyAction } from '../ports/policy.ts';
import { EVERYTHING, standingOf } from '../ports/view.ts';
import { loadAccess, policyOf } from './access.ts';
import { loadConfig } from './config.ts';

const signal = new AbortController().signal;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function access(file: object, mode = 'enforced') {
  const path = join(temporaryDirectory(), 'access.json');
  writeFileSync(path, JSON.stringify(file));
  return loadAccess(loadConfig({ ACERVO_ACCESS: mode, ACERVO_ACCESS_FILE: path }), silentLog);
}

const denied = (thrown: unknown): boolean => thrown instanceof Failure && thrown.code === 'access/denied';

function opOf(caller: ReturnType<ReturnType<typeof access>['byAeTitle']>) {
  assert.ok(!(caller instanceof Failure));
  return caller.openOp(signal);
}

test('a system with certificates calls with one of them; a certificate of nobody is of nobody', () => {
  const systems = [
    { aeTitle: 'CT1', institution: 'A', certificates: ['dns:ct1.test', 'cn:ct1'] },
    { aeTitle: 'CT2', institution: 'A' },
  ];
  const codeOf = (caller: object): string => (caller instanceof Failure ? caller.code : 'enters');
  const { byAeTitle, byCertificate } = access({ systems });
  assert.equal(codeOf(byAeTitle('CT1', ['sha256:00', 'cn:ct1'])), 'enters');
  assert.equal(codeOf(byAeTitle('CT1', ['cn:ct2'])), 'tls/wrong-system');
  assert.equal(codeOf(byAeTitle('CT1', [])), 'tls/wrong-system');
  assert.equal(codeOf(byAeTitle('CT1')), 'tls/required');
  assert.equal(codeOf(byAeTitle('CT2')), 'enters');
  assert.equal(codeOf(byAeTitle('CT2', ['cn:ct1'])), 'tls/wrong-system', 'nobody is bound to it');
  assert.equal(codeOf(byAeTitle('CT3', ['cn:ct1'])), 'access/unknown');
  assert.equal(opOf(byCertificate(['dns:ct1.test'])).system, 'CT1');
  assert.equal(codeOf(byCertificate(['dns:ct2.test'])), 'tls/wrong-system');
  const open = access({ systems }, 'open');
  assert.equal(codeOf(open.byAeTitle('CT3', ['cn:any'])), 'enters');
  assert.equal(codeOf(open.byCertificate(['cn:any'])), 'enters');
  assert.equal(codeOf(open.byAeTitle('CT1')), 'tls/required');
});

const standings = (op: Op, action: StudyAction = 'read') =>
  Object.fromEntries(['A', 'B', 'C'].map((institution) => [institution, standingOf(op.view(action), institution)]));

test('enforced: a known system acts for its institution and sees nothing else', () => {
  const { byAeTitle } = access({
    systems: [{ aeTitle: 'CT1', institution: 'A', issuer: 'A-ID', charset: 'ISO_IR 192' }],
  });
  assert.ok(byAeTitle('OTHER') instanceof Failure);
  const op = opOf(byAeTitle('CT1'));
  assert.deepEqual([op.institution, op.issuer, op.charsetDefault], ['A', 'A-ID', 'ISO_IR 192']);
  assert.deepEqual(standings(op), { A: 'all', B: 'none', C: 'none' });
  op.allow('store', 'A');
  assert.throws(() => op.allow('store', 'B'), denied);
});

test('enforced: a system may what its description says', () => {
  const { byAeTitle, mayAsk } = access({ systems: [{ aeTitle: 'WS', institution: 'A', may: ['echo', 'find'] }] });
  const op = opOf(byAeTitle('WS'));
  assert.deepEqual(
    [standings(op, 'query'), standings(op, 'read')].map(({ A }) => A),
    ['all', 'none'],
  );
  for (const action of ['store', 'administer'] as const) assert.throws(() => op.allow(action, 'A'), denied);
  assert.deepEqual([mayAsk('WS', 'find'), mayAsk('WS', 'move'), mayAsk('OTHER', 'echo')], [true, false, false]);
  assert.ok(access({}, 'open').mayAsk('OTHER', 'move'));
});

test('a system that objects are sent to is given what it could have asked for, though it only listens', () => {
  const { ofDestination } = access({ systems: [{ aeTitle: 'PACS', institution: 'A', may: ['echo'] }] });
  assert.equal(ofDestination('OTHER'), undefined);
  const op = ofDestination('PACS')?.openOp(signal);
  const study = { studyUid: '1.2', issuer: 'A', patientId: 'P', modalities: ['CR'], studyDate: null };
  const isGiven = (institution: string, ...labels: string[]) =>
    op?.decide('read', { ...study, institution, labels }).isPermitted;
  assert.deepEqual([isGiven('A'), isGiven('A', 'vip'), isGiven('A', 'hiv'), isGiven('B')], [true, false, false, false]);
});

test('enforced: a token is looked up by its digest, and may what its line says', () => {
  const { byAuthorization } = access({
    tokens: [
      { name: 'viewer', sha256: sha256('secret'), institution: 'A', sees: ['B'], actions: ['read', 'query'] },
      { name: 'ministry', sha256: sha256('all'), institution: 'M', sees: ['*'], actions: ['query'] },
    ],
  });
  const viewer = byAuthorization('Bearer secret').openOp(signal);
  assert.deepEqual(standings(viewer), { A: 'all', B: 'all', C: 'none' });
  assert.deepEqual(standings(viewer, 'export'), { A: 'none', B: 'none', C: 'none' });
  assert.throws(() => viewer.allow('store', 'A'), denied);
  const ministry = byAuthorization('bearer all').openOp(signal);
  assert.deepEqual(standings(ministry, 'query'), { A: 'all', B: 'all', C: 'all' });
  assert.deepEqual(standings(ministry, 'read'), { A: 'none', B: 'none', C: 'none' });
  for (const header of [undefined, 'Bearer wrong', 'Basic c2VjcmV0', `Bearer ${sha256('secret')}`]) {
    assert.throws(
      () => byAuthorization(header),
      (thrown) => thrown instanceof Failure && thrown.code === 'access/unknown',
    );
  }
});

test('open: everybody acts for the default institution; a known system for its own', () => {
  const { byAeTitle, byAuthorization } = access({ systems: [{ aeTitle: 'CT1', institution: 'A' }] }, 'open');
  assert.equal(opOf(byAeTitle('ANY')).institution, 'LOCAL');
  assert.equal(opOf(byAeTitle('CT1')).institution, 'A');
  assert.equal(byAuthorization(undefined).openOp(signal).view('export'), EVERYTHING);
});

test('a person acts by its roles at one institution, or not at all', () => {
  const roles: Readonly<Record<string, readonly Role[]>> = { A: ['radiologist'], B: ['administrator'] };
  const directory: Directory = {
    revision: 1,
    institutions: () => [],
    institution: () => undefined,
    facility: () => undefined,
    person: (id) => ({ id, login: id, name: id, institution: 'A', roles: [], isActive: id === 'p1' }),
    personByLogin: () => undefined,
    rolesOf: (_, institution) => roles[institution] ?? [],
  };
  const { byIdentity } = access({});
  const come = (of: Partial<Identity> = {}) =>
    byIdentity({ kind: 'person', id: 'p1', strength: 'password', purpose: '', institution: '', ...of }, directory);
  const op = opOf(come({ purpose: 'EMERGENCY' }));
  assert.deepEqual([op.actor, op.institution, op.purpose], [{ kind: 'person', id: 'p1' }, 'A', 'EMERGENCY']);
  assert.deepEqual(standings(op), { A: 'all', B: 'none', C: 'none' });
  assert.deepEqual(standings(opOf(come({ purpose: 'RESEARCH' }))), { A: 'none', B: 'none', C: 'none' });
  const administrator = come({ institution: 'B', strength: 'second-factor' });
  assert.deepEqual(standings(opOf(administrator)), { A: 'none', B: 'none', C: 'none' });
  opOf(administrator).allow('administer', 'B');
  assert.throws(() => opOf(come({ institution: 'B' })).allow('administer', 'B'), denied);
  const codeOf = (caller: object): string => (caller instanceof Failure ? caller.code : 'enters');
  assert.equal(codeOf(come({ institution: 'C' })), 'access/denied', 'it has no role there');
  assert.equal(codeOf(come({ id: 'p2' })), 'access/unknown', 'it may not act for now');
  assert.equal(codeOf(come({ kind: 'system', id: 'NOBODY' })), 'access/unknown');
});

test('a file of policies that is not understood is named', () => {
  const path = join(temporaryDirectory(), 'own.cedar');
  const policyFile = (text: string) => {
    writeFileSync(path, text);
    return () => policyOf(loadConfig({ ACERVO_POLICY_FILE: path }));
  };
  const refused = (thrown: unknown): boolean =>
    thrown instanceof Failure &&
    thrown.code === 'config/invalid' &&
    /ACERVO_POLICY_FILE.*own\.cedar/.test(thrown.detail);
  assert.throws(policyFile('permit ('), refused);
  assert.notEqual(
    policyFile('@id("x") forbid (principal, action, resource);')().digest,
    policyOf(loadConfig({})).digest,
  );
});

test('every operation has its own id', () => {
  const caller = access({}, 'open').byAuthorization(undefined);
  assert.notEqual(caller.openOp(signal).id, caller.openOp(signal).id);
});

test('a file with an unknown name or a bad value stops the start', () => {
  const wrong = [
    { system: [] },
    { systems: [{ aeTitle: 'CT1', institution: 'lower' }] },
    { tokens: [{ name: 'x', sha256: 'abc', institution: 'A' }] },
  ];
  for (const file of wrong) {
    assert.throws(
      () => access(file),
      (thrown) => thrown instanceof Failure && thrown.code === 'config/invalid',
    );
  }
});
