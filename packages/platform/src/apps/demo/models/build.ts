import { createHash } from 'node:crypto';
import { canonicalJson, type Json } from '@acervo/kernel/canonical-json.ts';
import type { Manifest } from '@acervo/model/manifest/manifest.ts';
import { type Tensor, tensorBytes } from '@acervo/model/ops/layout.ts';
import { runPipeline } from '@acervo/model/ops/pipeline.ts';
import { decodedFrame, readImageFile } from '../../../features/models/images.ts';
import type { Imaging } from '../../../ports/imaging.ts';
import { crManifest, ctManifest, documents } from './manifests.ts';
import { densityNetwork, fitted, type Network, scoreOf, spotNetwork } from './networks.ts';
import { crPhantom, ctPhantom } from './phantoms.ts';

/** A package that is not signed yet: its files by their paths. */
export type DemoPackage = { name: string; files: ReadonlyMap<string, Uint8Array> };

const json = (value: Json): Uint8Array => new TextEncoder().encode(`${canonicalJson(value)}\n`);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The demo's two models, whole packages made of nothing but this code: always the same bytes. */
export async function demoPackages(imaging: Imaging): Promise<DemoPackage[]> {
  const cr = [false, true].map((has) => [crPhantom(has)]);
  const ct = [false, true].map(ctPhantom);
  return [
    await built('cr-opacidad', crManifest(), spotNetwork, cr, imaging),
    await built('tc-densidad', ctManifest(), densityNetwork, ct, imaging),
  ];
}

async function built(
  name: string,
  manifest: Manifest,
  network: Network,
  cases: readonly (readonly Uint8Array[])[],
  imaging: Imaging,
): Promise<DemoPackage> {
  const files = new Map<string, Uint8Array>();
  const tensors = await Promise.all(cases.map((images) => tensorOf(manifest, images, imaging)));
  const [low = 0, high = 1] = tensors.map((tensor) => network.response(tensor));
  const [weight, bias] = fitted(low, high);
  const model = network.onnx(weight, bias);
  const golden = cases.map((images, number) => {
    const tensor = tensors[number] as Tensor;
    const dicom = images.map((bytes, index) => {
      const path = `golden/${number + 1}-${String(index + 1).padStart(2, '0')}.dcm`;
      files.set(path, bytes);
      return path;
    });
    const score = scoreOf(network.response(tensor), weight, bias);
    return { dicom, tensorSha256: sha256(tensorBytes(tensor)), expect: { p: [score] }, tolOut: 1e-5 };
  });
  const artifact = { ...manifest.artifact, sha256: sha256(model), sizeBytes: model.length };
  files.set('manifest.json', json({ ...manifest, artifact, golden }));
  files.set('model.onnx', model);
  for (const [path, document] of Object.entries(documents(manifest.name))) files.set(path, json(document));
  return { name, files };
}

async function tensorOf(manifest: Manifest, images: readonly Uint8Array[], imaging: Imaging): Promise<Tensor> {
  const signal = new AbortController().signal;
  const frames = await Promise.all(
    images.map((bytes, index) => decodedFrame(readImageFile(`${index}`, bytes), imaging, signal)),
  );
  return runPipeline(manifest.inputs[0]?.pipeline ?? [], frames).tensor;
}
