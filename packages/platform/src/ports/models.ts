import type { Manifest } from '@acervo/model/manifest/manifest.ts';
import type { Finding } from '@acervo/model/onnx/check.ts';
import type { PackageFolder } from './package-folder.ts';

/** A key whose signature counts, as it is handed to whoever judges. */
export type TrustedKey = { keyId: string /** SubjectPublicKeyInfo, base64. */; publicKey: string };

export type GoldenOutcome = { case: number; isReproduced: boolean; what: string; largestDifference: number };

/** A file of a package, by its path within it. */
export type PackageFile = { path: string; sha256: string; sizeBytes: number };

/** What was found about a package. Without findings all of it is there. */
export type Judgement = {
  findings: readonly Finding[];
  /** SHA-256 of the signed list: the name of the package. */
  digest: string | undefined;
  /** The envelope among them. */
  files: readonly PackageFile[];
  /** RFC 8785 canonical JSON. */
  manifest: string | undefined;
  /** Keys that are trusted, and whose signature is good. */
  signedBy: readonly string[];
  golden: readonly GoldenOutcome[];
};

export type JudgeTask = {
  /** Where its files lie. */
  folder: string;
  keys: readonly TrustedKey[];
  /** Whether to run the model on its golden cases; without it that is not judged. */
  isRun: boolean;
};

/** Judges packages away from the archive: what a package does to its judge costs its own submission only. */
export type Judge = {
  /** @throws {Failure} model/time, model/failed where the judge itself came to nothing; model/no-sandbox */
  judge(task: JudgeTask, signal: AbortSignal): Promise<Judgement>;
};

/** A package that is on its way in: files that nobody else reads, until it is removed. */
export type StagedPackage = {
  /** For the judge. */
  path: string;
  folder: PackageFolder;
  /** What could not be taken as a file, and why. */
  findings: readonly Finding[];
  /**
   * Take one file. A name that is no path of a package, or that was said already, is a finding, and nothing is written.
   * @throws {Failure} model/limit beyond the count or the bytes of a package
   */
  put(path: string, body: AsyncIterable<Uint8Array>): Promise<void>;
  /** Take the files of a ZIP archive. @throws {Failure} model/limit, request/invalid for what is no archive */
  unpack(body: AsyncIterable<Uint8Array>): Promise<void>;
  remove(): Promise<void>;
};

export type PackageStaging = {
  begin(): Promise<StagedPackage>;
  /** Remove what a crash left. */
  sweep(): Promise<void>;
};

/** A package of the registry, whole: every byte is the one that was signed. */
export type OpenPackage = { digest: string; manifest: Manifest; model: Uint8Array };

/** What others ask of the registry: the package that they are to run. */
export type ModelPackages = {
  /**
   * Read and verify all of it again.
   * @throws {Failure} request/not-found; model/digest where a byte changed or a file is gone; model/signature where
   *   nobody who signed it is trusted any more
   */
  open(digest: string): Promise<OpenPackage>;
};
