import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type System, systemsOver } from './systems.ts';

const BASE = {
  institution: 'HGM',
  kind: 'other',
  tls: false,
  certificates: [],
  may: [],
  transferSyntaxes: [],
} as const;

const known = (...systems: System[]) => systemsOver(new Map(systems.map((system) => [system.aeTitle, system])));

test('a system is called where it listens, and moved to only where it may be', () => {
  const { addressOf, destination, byAeTitle } = known(
    { ...BASE, aeTitle: 'CT', isMoveDestination: true },
    { ...BASE, aeTitle: 'WS', isMoveDestination: true, host: '10.0.0.7', port: 104, tls: true },
    { ...BASE, aeTitle: 'PACS', isMoveDestination: false, host: 'pacs', port: 11112 },
  );
  assert.equal(destination('CT'), undefined, 'it listens nowhere');
  assert.deepEqual(destination('WS'), {
    aeTitle: 'WS',
    host: '10.0.0.7',
    port: 104,
    tls: true,
    certificates: [],
    transferSyntaxes: [],
    associationsMax: undefined,
  });
  assert.equal(destination('PACS'), undefined, 'it may not be one');
  assert.equal(addressOf('PACS')?.port, 11112);
  assert.equal(destination('NOBODY'), undefined);
  assert.equal(byAeTitle('ws'), undefined, 'AE titles are compared as they are');
});
