import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { diagnose, type Finding } from './diagnose.ts';
import type { Associated, Link } from './link.ts';
import { inWords } from './words.ts';

const PATIENT = {
  aeTitle: 'PACS',
  host: 'pacs.hgm.mx',
  port: 104,
  tls: false,
  isMoveDestination: false,
  charset: undefined,
};
const VERIFICATION = '1.2.840.10008.1.1';
const FIND = '1.2.840.10008.5.1.4.1.2.2.1';
const CT = '1.2.840.10008.5.1.4.1.1.2';

const peer = (over: Partial<Associated> = {}): Associated => ({
  ms: 1,
  maximumLength: 131_072,
  implementationClassUid: '1.2.3',
  implementationVersionName: 'TEST',
  contexts: [VERIFICATION, FIND, CT].map((abstractSyntax) => ({
    abstractSyntax,
    result: 0,
    transferSyntax: '1.2.840.10008.1.2',
  })),
  echo: () => Promise.resolve({ status: 0, ms: 1 }),
  findOne: () => Promise.resolve({ status: 0, ms: 1, match: undefined }),
  release: () => Promise.resolve(),
  ...over,
});

const link = (over: Partial<Link> = {}): Link => ({
  reach: () => Promise.resolve({ ms: 1 }),
  handshake: () => Promise.resolve({ error: 'none' }),
  associate: () => Promise.resolve(peer()),
  greeting: () => Promise.resolve('silent'),
  ...over,
});

async function found(over: Partial<Link>, patient: Partial<typeof PATIENT> = {}): Promise<Finding[]> {
  const findings: Finding[] = [];
  await diagnose({ ...PATIENT, ...patient }, link(over), (finding) => findings.push(finding));
  return findings;
}

const codes = (findings: Finding[], outcome: Finding['outcome']): string[] =>
  findings.filter((each) => each.outcome === outcome).map(({ code }) => code);

test('each reason of a rejection is told from the others (PS3.8 table 9-21)', async () => {
  for (const [source, reason, code] of [
    [1, 1, 'rejected.no-reason'],
    [1, 2, 'rejected.application'],
    [1, 3, 'rejected.calling'],
    [1, 7, 'rejected.called'],
    [2, 2, 'rejected.version'],
    [3, 1, 'rejected.busy'],
    [3, 2, 'rejected.busy'],
    [3, 9, 'rejected.no-reason'],
  ] as const) {
    const findings = await found({ associate: () => Promise.resolve({ rejected: { result: 1, source, reason } }) });
    assert.deepEqual(codes(findings, 'bad'), [code]);
  }
});

test('what works and could be better is a warning; what a role needs and lacks is bad', async () => {
  const only = (uid: string) => [{ abstractSyntax: uid, result: 0, transferSyntax: '1.2.840.10008.1.2' }];
  const small = await found({ associate: () => Promise.resolve(peer({ maximumLength: 4096 })) });
  assert.deepEqual([codes(small, 'warning'), codes(small, 'bad')], [['pdu.small'], []]);
  const deaf = { associate: () => Promise.resolve(peer({ contexts: only(VERIFICATION) })) };
  assert.deepEqual(codes(await found(deaf), 'bad'), []);
  assert.deepEqual(codes(await found(deaf, { isMoveDestination: true }), 'bad'), ['contexts.no-storage']);
  const mute = await found({ associate: () => Promise.resolve(peer({ contexts: only(CT) })) });
  assert.deepEqual(codes(mute, 'warning'), ['echo.refused']);
  const none = await found({ associate: () => Promise.resolve(peer({ contexts: [] })) });
  assert.deepEqual(codes(none, 'bad'), ['contexts.none']);
});

test('letters beyond ASCII without a declared set are a warning; a status of an error is bad', async () => {
  // Implicit VR little endian: (0010,0010) with a byte of ISO 8859-1, and no (0008,0005).
  const dataSet = Uint8Array.of(0x10, 0, 0x10, 0, 4, 0, 0, 0, 0x50, 0x45, 0xd1, 0x41);
  const match = { dataSet, transferSyntax: '1.2.840.10008.1.2' };
  const answering = (status: number) =>
    found({ associate: () => Promise.resolve(peer({ findOne: () => Promise.resolve({ status, ms: 1, match }) })) });
  assert.deepEqual(codes(await answering(0), 'warning'), ['charset.undeclared']);
  assert.deepEqual(codes(await answering(0xfe00), 'warning'), ['charset.undeclared'], 'cancelled, as we asked');
  assert.deepEqual(codes(await answering(0x0124), 'bad'), ['find.denied']);
  assert.deepEqual(codes(await answering(0xc001), 'bad'), ['find.failed']);
});

test('a peer that goes in the middle is a finding, and nothing is thrown', async () => {
  const gone = () => Promise.reject(new Failure('ul/aborted', 'by the peer, 0/0'));
  const findings = await found({ associate: () => Promise.resolve(peer({ echo: gone, release: gone })) });
  assert.deepEqual(codes(findings, 'bad'), ['association.lost']);
  assert.equal(findings.at(-1)?.step, 'echo');
});

test('a finding says the same in both languages, with its facts', () => {
  const finding = { step: 'tcp', outcome: 'bad', code: 'tcp.refused' } as const;
  const facts = { host: 'pacs', port: 104, error: 'ECONNREFUSED', aeTitle: 'PACS' };
  for (const language of ['es', 'en'] as const) {
    const words = inWords({ ...finding, facts }, language);
    assert.match(words.text, /pacs.*104.*ECONNREFUSED/);
    assert.ok(words.cause !== '' && words.action !== '');
  }
});
