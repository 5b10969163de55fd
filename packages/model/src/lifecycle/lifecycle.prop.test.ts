import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { judge } from './judge.ts';
import { givenFor, NOW, requestFor, roleOf, SITE, SUPPLIER, subjectOf } from './lifecycle.fixture.ts';
import { EDGES, type Edge } from './machine.ts';
import { INITIAL, type NationalState, type State, type Track } from './states.ts';

/** One thing that somebody tries: an edge, some of its signatures, and how these are bad. */
const anyTry = fc.record({
  edge: fc.constantFrom(...EDGES),
  signatures: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
  isStrong: fc.boolean(),
  isSamePerson: fc.boolean(),
});

/** The way of a demonstration to use, some steps of it left out or signed badly, among whatever else is tried. */
const WAY = ['recibido', 'demostracion', 'instalado', 'silencioso', 'limitado'].map((to) =>
  EDGES.find((edge) => edge.to === to && edge.track !== 'clinico' && edge.from !== 'suspendido'),
) as Edge[];
const good = (edge: Edge): Try => ({ edge, signatures: [true, true, true], isStrong: true, isSamePerson: false });
const anyTries = fc
  .tuple(fc.subarray(WAY, { minLength: 3 }), fc.array(anyTry, { maxLength: 20 }), fc.array(anyTry, { maxLength: 3 }))
  .map(([way, after, between]) => {
    const [first, ...rest] = way.map(good);
    return [...(first === undefined ? [] : [first]), ...between, ...rest, ...after];
  });

type Try = { edge: Edge; signatures: readonly boolean[]; isStrong: boolean; isSamePerson: boolean };
type Walk = { national: State; site: State; before: State | undefined; signed: Map<State, number> };

async function step(walk: Walk, track: Track, { edge, signatures, isStrong, isSamePerson }: Try): Promise<void> {
  if ((edge.track ?? track) !== track) return;
  const request = await tried(edge, signatures, isStrong, isSamePerson);
  const from = edge.scope === 'sitio' ? walk.site : walk.national;
  const national = { state: walk.national as NationalState, isExpired: false };
  const evidence = { ...request.evidence, before: walk.before, former: undefined, national };
  const judged = await judge({ ...request, track, from, to: edge.to, evidence });
  if (!judged.isAccepted) return;
  if (edge.scope === 'sitio') walk.site = edge.to;
  else walk.national = edge.to;
  walk.before = edge.to === 'suspendido' ? from : undefined;
  const persons = new Set(judged.approvals.map(({ persona }) => persona)).size;
  walk.signed.set(edge.to, Math.max(persons, walk.signed.get(edge.to) ?? 0));
}

test('whatever is tried in whatever order, nothing is in use without its signatures', async () => {
  let inUse = 0;
  await fc.assert(
    fc.asyncProperty(fc.constantFrom<Track>('clinico', 'demostracion'), anyTries, async (track, tries) => {
      const walk: Walk = {
        national: INITIAL.nacional,
        site: INITIAL.sitio,
        before: undefined,
        signed: new Map<State, number>(),
      };
      for (const each of tries) await step(walk, track, each);
      const { site, signed } = walk;
      if (site !== 'limitado' && site !== 'general') return;
      inUse += 1;
      assert.ok((signed.get('demostracion') ?? signed.get('aprobado_nacional') ?? 0) >= 3, 'three for the nation');
      assert.ok((signed.get('silencioso') ?? 0) >= 1 && (signed.get('limitado') ?? signed.get('general') ?? 0) >= 2);
      if (track === 'demostracion') assert.equal(site, 'limitado');
    }),
    { numRuns: 80, seed: 6 },
  );
  assert.ok(inUse > 0, 'some sequences come to use');
});

async function tried(edge: Edge, signatures: readonly boolean[], isStrong: boolean, isSamePerson: boolean) {
  const { given: _, ...request } = await requestFor(edge);
  const given = await Promise.all(
    edge.signatures
      .filter((_slot, index) => signatures[index] === true)
      .map((slot, index) => givenFor(edge, isSamePerson ? 'one' : `p${index}`, roleOf(slot), { signer: { isStrong } })),
  );
  return { ...request, given, site: edge.scope === 'sitio' ? SITE : null, asked: asked(edge) };
}

const asked = (edge: Edge) => ({ subject: subjectOf(edge), supplier: SUPPLIER, at: NOW });
