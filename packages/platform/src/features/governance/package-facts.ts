import { asJson, canonicalJson } from '@acervo/kernel/canonical-json.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { digestOf } from '@acervo/model/lifecycle/approval.ts';
import type { Digest, PackageFacts } from '@acervo/model/lifecycle/evidence.ts';
import { type Manifest, readManifest } from '@acervo/model/manifest/manifest.ts';
import { z } from 'zod';
import type { PackageRow } from './governance.repo.ts';

/** What intake wrote down of golden cases; without them nothing was reproduced. */
const JUDGEMENT = z.object({ golden: z.array(z.object({ isReproduced: z.boolean() })).min(1) });

const named = (sha256: string): Digest => `sha256:${sha256}`;

/** What a package says of itself, and what intake found. @throws {Failure} model/manifest where the row is damaged */
export async function factsOf(row: PackageRow): Promise<PackageFacts> {
  const manifest = manifestOf(row);
  const risk = row.files[manifest.risk];
  if (risk === undefined) throw new Failure('model/document', `${row.digest}: no risk file`);
  const judged = JUDGEMENT.safeParse(row.judgement);
  return {
    digests: {
      paquete: named(row.digest),
      modelo: named(manifest.artifact.sha256),
      manifiesto: named(row.manifestDigest),
      umbrales: await thresholdsOf(manifest),
      riesgo: named(risk),
      // Until plans and benchmarks are kept here there are none to sign for.
      plan: null,
      banco: null,
      informe: null,
    },
    useStatus: manifest.regulatory.useStatus,
    registration: manifest.regulatory.registroSanitario,
    license: manifest.artifact.license,
    supplier: manifest.supplier.org,
    intake: {
      // What intake found something against has no row.
      isSound: true,
      isDocumented: true,
      isGolden: judged.success && judged.data.golden.every(({ isReproduced }) => isReproduced),
    },
  };
}

export function manifestOf({ digest, manifest }: Pick<PackageRow, 'digest' | 'manifest'>): Manifest {
  const read = readManifest(JSON.parse(manifest));
  if (!('manifest' in read)) throw new Failure('model/manifest', `${digest}: ${read.breaches[0]?.what ?? ''}`);
  return read.manifest;
}

/** What turns scores into findings is governed like weights: its digest stands in every approval (G53). */
export function thresholdsOf({ outputs }: Manifest): Promise<Digest> {
  const told = outputs.map(({ name, positive, labels, calibration, operatingPoints, abstain }) => ({
    name,
    positive,
    labels,
    calibration,
    operatingPoints,
    abstain,
  }));
  return digestOf(canonicalJson(asJson(told)));
}
