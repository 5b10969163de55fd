import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '@acervo/kernel/failure.ts';
import type { Manifest } from '@acervo/model/manifest/manifest.ts';
import type { ResultObject } from '@acervo/model/results/result.ts';
import { packageFolder } from '../../adapters/fs/package-folder.ts';
import { readImageFile } from '../../features/models/images.ts';
import { checkPackage, PACKAGE_LIMITS } from '../../features/models/intake.ts';
import { packModel } from '../../features/models/pack.ts';
import { runWithResults, taskTime } from '../../features/models/results.ts';
import { type RunResult, runGolden, runModel } from '../../features/models/run.ts';
import {
  type Command,
  type CommandArgs,
  type CommandContext,
  EXIT,
  type ExitCode,
  isGiven,
  textOption,
  textsOption,
} from '../command.ts';
import { signerIn, verifierIn } from '../package-keys.ts';
import { bytesOf, openModel, withRunPorts } from './model-files.ts';
import { isOfLife, LIFE_OPTIONS, LIFE_SUMMARY, LIFE_USAGE, runLife } from './model-life.ts';
import { REGISTRY_OPTIONS, runRegistry } from './model-registry.ts';

export const modelCommand: Command = {
  name: 'model',
  usage: `check DIR [--trust KEY.pem]... | pack DIR --key KEY.pem | show DIR |
       run DIR (FILE.dcm... [--results FOLDER] | --golden) |
       submit DIR [--owner INSTITUTION | --national] [--to URL [--authorization FILE]] | list | verify [DIGEST] |
       signer add KEY.pem --holder TEXT [--owner INSTITUTION | --national] [--valid-from DAY] [--valid-until DAY] |
       signer list | signer revoke KEY-ID --for compromise|superseded|ceased |
       external add FILE.json | external retire ID | inventory [--csv FILE] |
       ${LIFE_USAGE}`,
  summary: `Judge, sign, show and run packages of AI models, without an archive; keep them in its registry, govern them.
check   every file, the signature, the manifest, the ONNX file; each finding is named. --trust: a public key (Ed25519).
pack    writes the model's digest into the manifest and signs the list of all files with a private key.
run     golden cases first; then the images that the manifest selects, in a process without network. Prints JSON.
        --results: writes the result as DICOM: a structured report, and a segmentation for each mask (RESEARCH).
submit  into the registry of this data directory, also while a server runs, or over the API of another one (--to), as
        whom the file of --authorization makes the caller known.
        Everything that stands against the package is named, and nothing of it is kept.
verify  every byte and signature of the packages that are kept.
signer  whose signature of a package counts: for one institution's packages, or the nation's.
external  AI inside modalities, PACS and services; inventory lists all AI, and writes the register as CSV.
${LIFE_SUMMARY}
Exit codes: 0 nothing stands against it, 3 something does (a finding, a golden case), 4 not judged whole (check
without --trust) or not applicable to these images (run), 1 it failed.`,
  options: {
    trust: { type: 'string', multiple: true },
    key: { type: 'string' },
    golden: { type: 'boolean' },
    results: { type: 'string' },
    ...REGISTRY_OPTIONS,
    ...LIFE_OPTIONS,
  },
  positionals: [1, 10_000],
  run: async (args, context) => {
    const [verb = '', folder = '', ...files] = args.positionals;
    if (isOfLife(verb)) return runLife(args, context);
    const isAlone = folder !== '' && files.length === 0;
    if (verb === 'check' && isAlone) return runCheck(folder, args, context);
    if (verb === 'pack' && isAlone) return runPack(folder, args, context);
    if (verb === 'show' && isAlone) return runShow(folder, context);
    if (verb === 'run' && folder !== '') return runRun(folder, files, args, context);
    const code = await runRegistry(args, context);
    if (code !== undefined) return code;
    throw new Failure('request/invalid', `acervo model ${modelCommand.usage}`);
  },
};

async function runCheck(folder: string, args: CommandArgs, { print }: CommandContext): Promise<ExitCode> {
  const trusted = await Promise.all(textsOption(args, 'trust').map(verifierIn));
  const { findings, manifest, digests, signedBy } = await checkPackage(packageFolder(folder), trusted);
  for (const finding of findings) print(`${finding.code} ${finding.where}: ${finding.what}`, { finding });
  const isSigned = trusted.length > 0;
  const name = manifest === undefined ? folder : `${manifest.id}@${manifest.version}`;
  const whose = isSigned
    ? `signed by ${signedBy.join(', ') || 'nobody'}`
    : 'whose signature it is was not asked (--trust)';
  print(`${name}: ${digests.size} files, ${findings.length} findings, ${whose}`, {
    summary: { package: name, files: digests.size, findings: findings.length, signedBy },
  });
  if (findings.length > 0) return EXIT.damaged;
  return isSigned ? EXIT.done : EXIT.partly;
}

async function runPack(folder: string, args: CommandArgs, { print }: CommandContext): Promise<ExitCode> {
  const path = textOption(args, 'key');
  if (path === undefined)
    throw new Failure('request/invalid', 'give --key KEY.pem: openssl genpkey -algorithm ed25519');
  const signer = await signerIn(path);
  await packModel(packageFolder(folder), signer);
  print(`${folder} signed by key ${signer.keyId}`, { keyId: signer.keyId });
  return EXIT.done;
}

async function runShow(folder: string, { print }: CommandContext): Promise<ExitCode> {
  const { manifest, digests, findings } = await checkPackage(packageFolder(folder), []);
  if (manifest === undefined) throw new Failure('model/manifest', findings[0]?.what ?? 'not to be read');
  const { id, version, name, supplier, regulatory, intendedUse, artifact, inputs, outputs } = manifest;
  const [input] = inputs;
  const conditions = intendedUse.conditions.map(({ system, code }) => `${system} ${code}`);
  const lines = [
    `${id}@${version}  ${name}`,
    `supplier     ${supplier.org}, ${supplier.contact}`,
    `status       ${regulatory.useStatus}, class ${regulatory.class}, registro ${regulatory.registroSanitario ?? '-'}`,
    `intended use ${intendedUse.role}: ${conditions.join(', ')}`,
    `             ${intendedUse.text_es}`,
    `model        ${artifact.file}, ${artifact.sizeBytes} bytes, opset ${artifact.opset}, sha256 ${artifact.sha256}`,
    `input        ${input?.name}: ${input?.pipeline.map(({ op }) => op).join(' > ')} (${input?.pipelineVersion})`,
    ...outputs.map((of) => `output       ${of.name}: ${of.kind} ${of.positive ?? ''}${pointsOf(of.operatingPoints)}`),
    `findings     ${findings.length}`,
  ];
  print(lines.join('\n'), { manifest, digests: Object.fromEntries(digests) });
  return EXIT.done;
}

const pointsOf = (points: readonly { id: string; threshold: number }[] = []): string =>
  points.map(({ id, threshold }) => `, ${id} from ${threshold}`).join('');

async function runRun(
  folder: string,
  files: readonly string[],
  args: CommandArgs,
  { config, signal, print }: CommandContext,
): Promise<ExitCode> {
  if ((files.length === 0) !== isGiven(args, 'golden')) throw new Failure('request/invalid', 'give files, or --golden');
  const source = packageFolder(folder);
  const of = openModel(await checkPackage(source, []));
  return withRunPorts(config, async (ports) => {
    const readImages = ({ dicom }: { dicom: readonly string[] }) =>
      Promise.all(dicom.map(async (path) => readImageFile(path, await source.read(path, PACKAGE_LIMITS.fileBytes))));
    const golden = await runGolden(of, readImages, ports, signal);
    const isReproduced = golden.every((each) => each.isReproduced);
    if (files.length === 0 || !isReproduced) {
      write(print, { golden });
      return isReproduced ? EXIT.done : EXIT.damaged;
    }
    const images = await Promise.all(files.map(async (path) => readImageFile(path, await bytesOf(path))));
    const to = textOption(args, 'results');
    const task = { made: taskTime(new Date(), images), qualification: 'RESEARCH' } as const;
    const { result, objects } =
      to === undefined
        ? { result: await runModel(of, images, ports, signal), objects: [] }
        : await runWithResults(of, images, task, ports, signal);
    const written = to === undefined ? [] : await writeResults(to, objects);
    write(print, { result: shown(result, of.manifest), golden, ...(to !== undefined && { results: written }) });
    return result.status === 'DONE' ? EXIT.done : EXIT.partly;
  });
}

/** Masks are too long to be read: their digest and how many values are not below the half. */
function shown(result: RunResult, { outputs }: Manifest): unknown {
  if (result.status !== 'DONE') return result;
  const isMask = (name: string): boolean => outputs.some((each) => each.name === name && each.kind === 'mask');
  const entries = Object.entries(result.outputs).map(([name, values]) => {
    if (!isMask(name)) return [name, values] as const;
    const sha256 = createHash('sha256').update(Float32Array.from(values)).digest('hex');
    return [name, { values: values.length, set: values.filter((value) => value >= 0.5).length, sha256 }] as const;
  });
  return { ...result, outputs: Object.fromEntries(entries) };
}

async function writeResults(to: string, objects: readonly ResultObject[]): Promise<unknown[]> {
  await mkdir(to, { recursive: true });
  return Promise.all(
    objects.map(async ({ kind, sopClassUid, sopInstanceUid, file }) => {
      const path = join(to, `${sopInstanceUid}.dcm`);
      await writeFile(path, file);
      return { kind, sopClassUid, sopInstanceUid, file: path };
    }),
  );
}

const write = (print: CommandContext['print'], value: unknown): void => print(JSON.stringify(value, null, 2), value);
