import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { APPROVAL_CHARS_MAX, isApproval, isPossessed, provePossession, readApproval } from './approval.ts';
import { GUARDS } from './guards.ts';
import { type Judgement, judge } from './judge.ts';
import {
  evidenceFor,
  givenFor,
  measuredBy,
  NOW,
  personOf,
  requestFor,
  roleOf,
  SUPPLIER,
  type Twist,
  UNTIL,
} from './lifecycle.fixture.ts';
import { EDGES, type Edge, edgeOf } from './machine.ts';
import { RULES, type RuleId } from './rules.ts';
import { NATION, NATIONAL_STATES, type Scope, SITE_STATES, type State } from './states.ts';

const rulesOf = (judgement: Judgement): RuleId[] =>
  judgement.isAccepted ? [] : judgement.found.map(({ rule }) => rule);

async function refuses(edge: Edge, rule: RuleId, twists: Twist[]): Promise<void> {
  const rules = rulesOf(await judge(await requestFor(edge, twists)));
  assert.ok(rules.includes(rule), `${edge.id}: ${rules.join()} without ${rule}`);
  assert.ok(rules.includes('G03/signatures'), `${edge.id}: what is void is missing`);
}

/** Each way to sign wrongly, and the rule that names it. */
const WRONG: readonly [name: string, rule: RuleId, twist: (edge: Edge) => Twist][] = [
  ['a service account approves', 'G01/service-account', () => ({ signer: { kind: 'system', id: 'PACS' } })],
  ['no second factor', 'G01/second-factor', () => ({ signer: { isStrong: false } })],
  ['a key of somebody else', 'G01/key', () => ({ signer: { keyOwner: 'another' } })],
  ['a key that was revoked', 'G01/key', () => ({ signer: { keyOwner: undefined } })],
  ['the developer approves', 'G02/developer', () => ({ signer: { isDeveloper: true } })],
  ['expired', 'G05/expired', () => ({ approval: { vence: NOW } })],
  ['for longer than a year', 'G05/too-long', () => ({ approval: { vence: '2028-01-01T00:00:00.000Z' } })],
  ['a conflict that was not declared', 'G06/undeclared', () => ({ signer: { affiliations: [SUPPLIER] } })],
  [
    'a conflict that is denied in other words',
    'G06/undeclared',
    () => ({ signer: { affiliations: [SUPPLIER] }, approval: { conflicto: 'Ninguno.' } }),
  ],
  ['used before', 'G04/used', () => ({ isUsed: true })],
  ['signed before the present state began', 'G04/earlier', () => ({ isEarlier: true })],
  ['of another package', 'G04/other-subject', () => ({ approval: { paquete: `sha256:${'9'.repeat(64)}` } })],
  ['of other thresholds', 'G04/other-subject', () => ({ approval: { umbrales: `sha256:${'9'.repeat(64)}` } })],
  [
    'of another step',
    'G04/other-subject',
    ({ to }) => ({ approval: { a: to === 'general' ? 'limitado' : 'general' } }),
  ],
  ['a role that is not in force', 'G03/role', () => ({ signer: { grants: [] } })],
  [
    'one byte altered',
    'G04/altered',
    () => ({ signed: ({ text, ...rest }) => ({ ...rest, text: text.replace('ninguno', 'ningunO') }) }),
  ],
  [
    'incompatible roles',
    'G02/incompatible',
    (edge) => {
      const rol = roleOf(edge.signatures[0] as Edge['signatures'][number]);
      const institution = edge.scope === 'sitio' ? 'HOSPITAL-A' : NATION;
      const other = rol === 'validator' ? 'authority' : 'validator';
      return { signer: { grants: [rol, other].map((role) => ({ role, institution })) } };
    },
  ],
];

for (const edge of EDGES) {
  describe(edge.id, () => {
    test('is taken with evidence and signatures', async () => {
      const judgement = await judge(await requestFor(edge));
      assert.deepEqual(rulesOf(judgement), []);
      const signed = judgement.isAccepted ? judgement.approvals.length : 0;
      assert.equal(signed, edge.isRestored === true ? 0 : edge.signatures.length);
    });

    test('is refused who has no part in it, and systems', async () => {
      const request = await requestFor(edge);
      for (const kind of ['person', 'system'] as const) {
        const judged = await judge({ ...request, asker: { kind, grants: [{ role: 'auditor', institution: NATION }] } });
        assert.deepEqual(rulesOf(judged), ['G01/role']);
      }
    });

    for (const name of edge.guards) {
      test(`is refused where ${name} is not met`, async () => {
        const request = await requestFor(edge);
        const { rule } = GUARDS[name];
        const rules = rulesOf(await judge({ ...request, evidence: spoilt(edge, name) }));
        assert.ok(rules.includes(rule), `${rules.join()} without ${rule}`);
      });
    }

    test('forged metrics are no evidence, and none is unavailable', async () => {
      const request = await requestFor(edge);
      const isMeasured = edge.guards.some((name) => {
        const verdict = GUARDS[name].judge({ ...evidenceFor(edge), measured: {} }, edge.to);
        return verdict.outcome === 'unavailable';
      });
      const forged = await judge({ ...request, evidence: { ...request.evidence, measured: measuredBy('proveedor') } });
      assert.equal(rulesOf(forged).includes('G30/foreign-evidence'), isMeasured);
      const none = await judge({ ...request, evidence: { ...request.evidence, measured: {} } });
      const blocks = !none.isAccepted && none.found.every(({ outcome }) => outcome === 'unavailable');
      assert.equal(blocks, isMeasured);
    });

    if (edge.signatures.length > 0 && edge.isRestored !== true) signedEdge(edge);
  });
}

function signedEdge(edge: Edge): void {
  for (const [name, rule, twist] of WRONG) {
    test(`is refused: ${name}`, () => refuses(edge, rule, [twist(edge)]));
  }

  test('is refused with one signature less', async () => {
    const request = await requestFor(edge);
    assert.deepEqual(rulesOf(await judge({ ...request, given: request.given.slice(1) })), ['G03/signatures']);
  });

  if (edge.signatures.length > 1) {
    test('is refused: one person in two roles', async () => {
      const request = await requestFor(edge);
      const given = await Promise.all(edge.signatures.map((slot) => givenFor(edge, 'one', roleOf(slot))));
      const rules = rulesOf(await judge({ ...request, given }));
      assert.ok(rules.includes('G02/one-person') && rules.includes('G03/signatures'), rules.join());
    });
  }

  if (edge.scope === 'sitio') {
    test('is refused: the hub signs for the site', async () => {
      const hub: Twist = {
        approval: { rol: 'authority', institucion: NATION },
        signer: { grants: [{ role: 'authority', institution: NATION }] },
      };
      await refuses(edge, 'G03/site', [hub]);
      await refuses(edge, 'G03/site', [{ ...hub, approval: { institucion: NATION } }]);
      await refuses(edge, 'G03/site', [{ approval: { institucion: 'HOSPITAL-B' } }]);
    });
  } else {
    test('is refused: a site signs for the nation', () =>
      refuses(edge, 'G03/role', [
        {
          approval: { institucion: 'HOSPITAL-A' },
          signer: { grants: [{ role: 'validator', institution: 'HOSPITAL-A' }] },
        },
      ]));
  }
}

/** Evidence of which one guard is not met. */
function spoilt(edge: Edge, name: keyof typeof GUARDS) {
  const evidence = evidenceFor(edge);
  const { package: told, national } = evidence;
  const others = {
    package: {
      ...told,
      intake: { isSound: false, isGolden: false, isDocumented: false },
      useStatus: name === 'notDemonstration' ? ('demostracion' as const) : ('clinico' as const),
      registration: null,
      license: 'CC-BY-NC-4.0',
    },
    national: { ...national, isExpired: true },
    measured: {},
    before: undefined,
    isReplaced: false,
    former: undefined,
    statement: { reason: '' },
  };
  return { ...evidence, ...others };
}

test('every step that is not in the machine is refused, from any state to any other', async () => {
  const [model] = EDGES;
  const request = await requestFor(model as Edge);
  const pairs = ([scope, states]: readonly [Scope, readonly State[]]) =>
    states.flatMap((from) =>
      states.flatMap((to) => (['clinico', 'demostracion'] as const).map((track) => ({ scope, from, to, track }))),
    );
  const missing = [...pairs(['nacional', NATIONAL_STATES]), ...pairs(['sitio', SITE_STATES])].filter(
    ({ scope, from, to, track }) => edgeOf(scope, track, from, to) === undefined,
  );
  for (const step of missing) assert.deepEqual(rulesOf(await judge({ ...request, ...step })), ['G37/edge']);
  assert.ok(missing.length > 200);
});

test('a demonstration has no way to general use, nor to an approval', () => {
  const ways = EDGES.filter(({ track, to }) => track !== 'clinico' && (to === 'general' || to === 'aprobado_nacional'));
  assert.deepEqual(ways, []);
});

test('ids are of one edge each, and every rule is used in words', () => {
  assert.equal(new Set(EDGES.map(({ id }) => id)).size, EDGES.length);
  for (const [es, en] of Object.values(RULES)) assert.ok(es.length > 10 && en.length > 10);
});

test('every single byte of an approval counts', async () => {
  const edge = edgeOf('sitio', 'demostracion', 'instalado', 'silencioso') as Edge;
  const { signed } = await givenFor(edge, 'p0', 'site-chief');
  assert.ok(isApproval(await readApproval(signed)));
  const { text } = signed;
  for (let at = 0; at < text.length; at++) {
    const other = String.fromCharCode(text.charCodeAt(at) ^ 1);
    const read = await readApproval({ ...signed, text: text.slice(0, at) + other + text.slice(at + 1) });
    assert.ok(!isApproval(read) && read.rule === 'G04/altered', `byte ${at}`);
  }
});

test('what is no canonical approval is refused, however well it is signed', async () => {
  const { pair, key } = await personOf('p0');
  const { signApproval } = await import('./approval.ts');
  const edge = edgeOf('sitio', 'demostracion', 'instalado', 'silencioso') as Edge;
  const { signed } = await givenFor(edge, 'p0', 'site-chief');
  for (const text of [
    '{}',
    'null',
    'no JSON',
    signed.text.replace('{', '{ '),
    signed.text.replace('"t":', '"extra":1,"t":'),
    signed.text.replace(UNTIL, '2027-05-01'),
    `${signed.text}${' '.repeat(APPROVAL_CHARS_MAX)}`,
  ]) {
    const read = await readApproval({ text, signature: await signApproval(text, pair.privateKey), key });
    assert.ok(!isApproval(read) && read.rule === 'G04/malformed', text.slice(0, 40));
  }
  for (const [signature, name] of [
    ['', key],
    ['AAAA', key],
    [signed.signature, 'A'.repeat(43)],
    [signed.signature, '?'],
  ] as const) {
    const read = await readApproval({ ...signed, signature, key: name });
    assert.ok(!isApproval(read) && read.rule === 'G04/altered');
  }
});

test('who enrols a key shows that he has it', async () => {
  const { id, pair, key } = await personOf('p0');
  const possession = { persona: id, llave: key, momento: NOW };
  const proof = await provePossession(possession, pair.privateKey);
  assert.ok(await isPossessed(possession, proof));
  assert.equal(await isPossessed({ ...possession, persona: 'another' }, proof), false);
});
