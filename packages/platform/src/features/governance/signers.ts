import type { Given, Signer } from '@acervo/model/lifecycle/quorum.ts';
import type { Op } from '../../ports/op.ts';
import type { Sql } from '../../ports/sql.ts';
import { broughtBy, type HeldApproval, type PackageRow } from './governance.repo.ts';
import { manifestOf } from './package-facts.ts';
import { grantsOf, isStrong, type Ports } from './refusing.ts';

/** Packages of one person that are looked at. */
const BROUGHT_MAX = 1000;

/** Who hands in an approval now. */
export async function signerNow(
  ports: Ports,
  sql: Sql,
  op: Op,
  of: { keyOwner: string | undefined; model: string },
): Promise<Signer> {
  const { kind, id } = op.actor;
  return { kind, id, isStrong: isStrong(op), keyOwner: of.keyOwner, ...(await personOf(ports, sql, id, of.model)) };
}

/**
 * What was handed in, with who signed it as the directory knows him today: a role that ended signs no more.
 * @param since  revision of the step by which the present state began; what was signed before it is told
 */
export async function givenBy(
  ports: Ports,
  sql: Sql,
  approvals: readonly HeldApproval[],
  { model }: PackageRow,
  since: number,
): Promise<(Given & { id: string })[]> {
  const given: (Given & { id: string })[] = [];
  for (const { id, document, signature, key, keyOwner, isUsed, revision } of approvals) {
    const person = keyOwner ?? '';
    const signer: Signer = {
      kind: 'person',
      id: person,
      // The database takes no other.
      isStrong: true,
      keyOwner: keyOwner ?? undefined,
      ...(await personOf(ports, sql, person, model)),
    };
    const isEarlier = revision <= since;
    given.push({ id, signed: { text: document, signature, key }, signer, isUsed, isEarlier });
  }
  return given;
}

/** Who brings a package develops it, as far as can be known here; whose else it brings, that supplier it belongs to. */
async function personOf(
  ports: Ports,
  sql: Sql,
  person: string,
  model: string,
): Promise<Pick<Signer, 'grants' | 'isDeveloper' | 'affiliations'>> {
  const brought = person === '' ? [] : await broughtBy(sql, person, BROUGHT_MAX);
  const suppliers = brought.map(({ manifest }) => manifestOf({ digest: model, manifest }).supplier.org);
  return {
    grants: grantsOf(ports, person),
    isDeveloper: brought.some((each) => each.model === model),
    affiliations: [...new Set(suppliers)],
  };
}
