import { generateKeyPairSync } from 'node:crypto';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import type { TestServer } from '@acervo/testkit/test-server.ts';
import { pemOf } from '../features/models/demo-model.fixture.ts';
import { addExternal } from '../features/models/registry/external.ts';
import { trustSigner } from '../features/models/registry/signers.ts';

export const EXTERNAL = {
  name: 'CAD',
  version: '1',
  vendor: 'V',
  host: 'pacs',
  intendedUse: 'matrix',
  role: 'triage',
} as const;

const op = testOp({ actor: { kind: 'process', id: 'matrix' } });

/** A key that nobody has seen yet, for an institution. */
export const freshKey = (institution: string, holder = 'matrix') => ({
  institution,
  holder,
  publicKey: pemOf(generateKeyPairSync('ed25519').publicKey),
});

export async function freshSigner({ server }: TestServer, institution: string): Promise<string> {
  return (await trustSigner(server.archive.database, op, freshKey(institution))).keyId;
}

export async function freshExternal({ server }: TestServer, institution: string): Promise<string> {
  return (await addExternal(server.archive.database, op, { ...EXTERNAL, institution })).id;
}
