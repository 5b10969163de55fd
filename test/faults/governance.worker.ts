import { readFileSync } from 'node:fs';
import { Failure } from '@acervo/kernel/failure.ts';
import type { Statement } from '@acervo/model/lifecycle/evidence.ts';
import type { State } from '@acervo/model/lifecycle/states.ts';
import { openDatabase } from '@acervo/platform/adapters/postgres/database.ts';
import { giveApproval } from '@acervo/platform/features/governance/approvals.ts';
import { takeStep } from '@acervo/platform/features/governance/steps.ts';
import type { Person } from '@acervo/platform/ports/directory.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { embeddedOptions, silentLog } from '@acervo/testkit/postgres.ts';

// Does everything of a plan that was not done yet, one act after the other, and says what was done. It may be killed.

export type Act =
  | { kind: 'sign'; who: string; text: string; signature: string; key: string }
  | ({ kind: 'step'; who: string; to: State; site: string | null } & Pick<Statement, 'percentage'>);
export type Plan = {
  dataDir: string;
  model: string;
  version: string;
  people: Person[];
  acts: Act[];
};

const plan = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Plan;
const source = { kind: 'embedded', ...embeddedOptions(plan.dataDir) } as const;
const db = await openDatabase({ source, role: 'test', connectionsMax: 2, statementTimeoutMs: 0, log: silentLog });
const directory = {
  revision: 1,
  institutions: () => [],
  institution: () => undefined,
  facility: () => undefined,
  person: (id: string) => plan.people.find((person) => person.id === id),
  personByLogin: () => undefined,
  rolesOf: () => [],
};
const ports = { db, directory, now: () => new Date() };

async function act(one: Act): Promise<void> {
  const institution = plan.people.find(({ id }) => id === one.who)?.institution ?? '';
  const op = testOp({
    institution,
    actor: { kind: 'person', id: one.who },
    authentication: { strength: 'second-factor', methods: ['pwd', 'otp', 'mfa'], at: new Date() },
  });
  if (one.kind === 'sign') await giveApproval(ports, op, plan, one);
  else await takeStep(ports, op, plan, { ...one, reason: 'plan' });
}

process.stdout.write('begun\n');
for (const [index, one] of plan.acts.entries()) {
  try {
    await act(one);
    process.stdout.write(`${index}\n`);
  } catch (thrown) {
    // What was done before is refused as a step that there is not from here; whatever else goes wrong ends it.
    if (!(thrown instanceof Failure) || !thrown.rules.includes('G37/edge')) throw thrown;
  }
}
process.stdout.write('whole\n');
await db.close();
