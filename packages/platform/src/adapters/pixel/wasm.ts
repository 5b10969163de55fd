import { createRequire } from 'node:module';
import { Failure } from '@acervo/kernel/failure.ts';

/** What a codec tells of a stream, and is told of one to make. */
export type FrameInfo = {
  width: number;
  height: number;
  bitsPerSample: number;
  componentCount: number;
  isSigned?: boolean;
  isUsingColorTransform?: boolean;
};

type Decoder = {
  getEncodedBuffer(length: number): Uint8Array;
  decode(): void;
  getDecodedBuffer(): Uint8Array;
  getFrameInfo(): FrameInfo;
  getInterleaveMode?(): number;
  delete(): void;
};

type Encoder = {
  getDecodedBuffer(info: FrameInfo): Uint8Array;
  setInterleaveMode?(mode: number): void;
  setNearLossless?(near: number): void;
  setQuality?(lossless: boolean, step: number): void;
  encode(): void;
  getEncodedBuffer(): Uint8Array;
  delete(): void;
};

type Codec = { HEAPU8?: Uint8Array } & Record<string, (new () => Decoder & Encoder) | undefined>;
type Make = (options: { print: () => void; printErr: () => void }) => Promise<Codec>;

const require = createRequire(import.meta.url);
const MAKERS = {
  jpeg: () => require('@cornerstonejs/codec-libjpeg-turbo-8bit/wasmjs') as Make,
  jpegLs: () => require('@cornerstonejs/codec-charls/wasmjs') as Make,
  jpeg2000: () => require('@cornerstonejs/codec-openjpeg/wasmjs') as Make,
  htj2k: () => require('@cornerstonejs/codec-openjph') as Make,
};
type CodecName = keyof typeof MAKERS;

/** The memory of a codec only grows: above this one it is left to the collector, and the next call makes a new one. */
const HEAP_BYTES_MAX = 256 * 2 ** 20;

const loaded = new Map<CodecName, Promise<Codec>>();

function codecOf(name: CodecName): Promise<Codec> {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  // Codecs talk of what they do on the standard output, which is the program's own.
  const made = MAKERS[name]()({ print: () => {}, printErr: () => {} });
  loaded.set(name, made);
  return made;
}

/** What a codec throws says nothing, and what it leaves behind may be broken: the next call begins anew. */
async function using<T>(name: CodecName, className: string, work: (of: Decoder & Encoder) => T): Promise<T> {
  const codec = await codecOf(name);
  const Coder = codec[className];
  if (Coder === undefined) throw new Error(`${name} without ${className}`);
  try {
    const coder = new Coder();
    const result = work(coder);
    coder.delete();
    if ((codec.HEAPU8?.length ?? 0) > HEAP_BYTES_MAX) loaded.delete(name);
    return result;
  } catch (thrown) {
    loaded.delete(name);
    if (thrown instanceof Failure) throw thrown;
    throw new Failure('pixel/malformed', `${name}: ${thrown instanceof Error ? thrown.message : typeof thrown}`);
  }
}

export type Decoded = {
  info: FrameInfo;
  /** A copy: 8 or 16 bits to a sample, in little endian. */
  bytes: Uint8Array;
  /** JPEG-LS: 0 by plane, 1 by line, 2 by sample. */
  interleaveMode: number;
};

const DECODERS = {
  jpeg: 'JPEGDecoder',
  jpegLs: 'JpegLSDecoder',
  jpeg2000: 'J2KDecoder',
  htj2k: 'HTJ2KDecoder',
} as const;

/** @throws {Failure} pixel/malformed */
export function decodeWasm(name: CodecName, stream: Uint8Array): Promise<Decoded> {
  return using(name, DECODERS[name], (decoder) => {
    decoder.getEncodedBuffer(stream.length).set(stream);
    decoder.decode();
    const info = decoder.getFrameInfo();
    const bytes = new Uint8Array(decoder.getDecodedBuffer());
    // Two of the codecs do not throw: what they cannot decode is empty, or shorter than they say.
    const expected = info.width * info.height * info.componentCount * (info.bitsPerSample > 8 ? 2 : 1);
    if (expected === 0 || bytes.length < expected) {
      throw new Failure('pixel/malformed', `${name}: ${bytes.length} of ${expected} bytes`);
    }
    return { info, bytes, interleaveMode: decoder.getInterleaveMode?.() ?? 2 };
  });
}

/** Lossless JPEG-LS (T.87), components by sample. */
export function encodeJpegLs(samples: Uint8Array, info: FrameInfo): Promise<Uint8Array> {
  return using('jpegLs', 'JpegLSEncoder', (encoder) => {
    encoder.getDecodedBuffer(info).set(samples);
    encoder.setNearLossless?.(0);
    encoder.setInterleaveMode?.(info.componentCount === 1 ? 0 : 2);
    encoder.encode();
    return new Uint8Array(encoder.getEncodedBuffer());
  });
}

/** Lossless HTJ2K (T.814). */
export function encodeHtj2k(samples: Uint8Array, info: FrameInfo): Promise<Uint8Array> {
  return using('htj2k', 'HTJ2KEncoder', (encoder) => {
    encoder.getDecodedBuffer(info).set(samples);
    encoder.setQuality?.(true, 0);
    encoder.encode();
    return new Uint8Array(encoder.getEncodedBuffer());
  });
}
