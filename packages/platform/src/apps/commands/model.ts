import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Failure } from '@acervo/kernel/failure.ts';
import { ed25519Signer, ed25519Verifier, type Signer, type Verifier } from '@acervo/model/envelope.ts';
import { packageFolder } from '../../adapters/fs/package-folder.ts';
import { INFERENCE_LIMITS, InferencePool } from '../../adapters/onnx/pool.ts';
import { PIXEL_LIMITS, PixelPool } from '../../adapters/pixel/pool.ts';
import { readImageFile } from '../../features/models/images.ts';
import { checkPackage, type Intake, PACKAGE_LIMITS } from '../../features/models/intake.ts';
import { packModel } from '../../features/models/pack.ts';
import { type OpenModel, runGolden, runModel } from '../../features/models/run.ts';
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
import { isOfLife, LIFE_OPTIONS, LIFE_SUMMARY, LIFE_USAGE, runLife } from './model-life.ts';

const FILE_BYTES_MAX = 2 ** 30;

export const modelCommand: Command = {
  name: 'model',
  usage: `check DIR [--trust KEY.pem]... | pack DIR --key KEY.pem | show DIR | run DIR (FILE.dcm... | --golden) |
       ${LIFE_USAGE}`,
  summary: `Judge, sign, show and run packages of AI models, without an archive.
check   every file, the signature, the manifest, the ONNX file; each finding is named. --trust: a public key (Ed25519).
pack    writes the model's digest into the manifest and signs the list of all files with a private key.
run     golden cases first; then the images that the manifest selects, in a process without network. Prints JSON.
${LIFE_SUMMARY}
Exit codes: 0 nothing stands against it, 3 something does (a finding, a golden case), 4 not judged whole (check
without --trust) or not applicable to these images (run), 1 it failed.`,
  options: {
    trust: { type: 'string', multiple: true },
    key: { type: 'string' },
    golden: { type: 'boolean' },
    ...LIFE_OPTIONS,
  },
  positionals: [2, 10_000],
  run: async (args, context) => {
    const [verb = '', folder = '', ...files] = args.positionals;
    if (isOfLife(verb)) return runLife(args, context);
    const isAlone = files.length === 0;
    if (verb === 'check' && isAlone) return runCheck(folder, args, context);
    if (verb === 'pack' && isAlone) return runPack(folder, args, context);
    if (verb === 'show' && isAlone) return runShow(folder, context);
    if (verb === 'run') return runRun(folder, files, args, context);
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
  const { inferenceSandbox: sandbox, inferenceWorkers: workers, inferenceMemoryMib: memoryMiBMax } = config;
  const inference = new InferencePool({ ...INFERENCE_LIMITS, sandbox, workers, memoryMiBMax });
  const imaging = new PixelPool({ ...PIXEL_LIMITS, workers: 1, kept: 0 });
  const ports = { imaging, inference };
  try {
    const readImages = ({ dicom }: { dicom: readonly string[] }) =>
      Promise.all(dicom.map(async (path) => readImageFile(path, await source.read(path, PACKAGE_LIMITS.fileBytes))));
    const golden = await runGolden(of, readImages, ports, signal);
    const isReproduced = golden.every((each) => each.isReproduced);
    if (files.length === 0 || !isReproduced) {
      write(print, { golden });
      return isReproduced ? EXIT.done : EXIT.damaged;
    }
    const images = await Promise.all(files.map(async (path) => readImageFile(path, await bytesOf(path))));
    const result = await runModel(of, images, ports, signal);
    write(print, { result, golden });
    return result.status === 'DONE' ? EXIT.done : EXIT.partly;
  } finally {
    await Promise.all([inference.close(), imaging.close()]);
  }
}

const write = (print: CommandContext['print'], value: unknown): void => print(JSON.stringify(value, null, 2), value);

/** A package against which something stands is not run: its bytes may not be those that were signed for. */
function openModel({ findings, manifest, model }: Intake): OpenModel {
  const [first] = findings;
  if (first !== undefined)
    throw new Failure(first.code, `${first.where}: ${first.what} (acervo model check tells all)`);
  if (manifest === undefined || model === undefined) throw new Failure('model/manifest', 'not to be read');
  return { manifest, model };
}

async function bytesOf(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new Failure('request/invalid', `cannot read ${path}`, { cause });
  });
  if (bytes.length > FILE_BYTES_MAX) throw new Failure('parse/limit', `${path}: ${bytes.length} bytes`);
  return new Uint8Array(bytes);
}

async function signerIn(path: string): Promise<Signer> {
  const key = ed25519Key(path, createPrivateKey, await bytesOf(path));
  const der = key.export({ format: 'der', type: 'pkcs8' });
  const privateKey = await crypto.subtle.importKey('pkcs8', new Uint8Array(der), 'Ed25519', false, ['sign']);
  return ed25519Signer(privateKey, await publicKeyOf(createPublicKey(key)));
}

async function verifierIn(path: string): Promise<Verifier> {
  return ed25519Verifier(await publicKeyOf(ed25519Key(path, createPublicKey, await bytesOf(path))));
}

function ed25519Key(path: string, read: (pem: Buffer) => KeyObject, bytes: Uint8Array): KeyObject {
  try {
    const key = read(Buffer.from(bytes));
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (cause) {
    throw new Failure('config/invalid', `${path} holds no key that can be read`, { cause });
  }
  throw new Failure('config/invalid', `${path} holds no Ed25519 key`);
}

const publicKeyOf = (key: KeyObject): Promise<CryptoKey> =>
  crypto.subtle.importKey('spki', new Uint8Array(key.export({ format: 'der', type: 'spki' })), 'Ed25519', true, [
    'verify',
  ]);
