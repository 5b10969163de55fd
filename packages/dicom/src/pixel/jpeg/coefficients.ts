import { Failure } from '@acervo/kernel/failure.ts';
import { EntropyBits, type HuffmanTable } from './huffman.ts';
import type { JpegComponent, JpegFrame, JpegScan } from './stream.ts';

/** Order of coefficients in a stream (T.81 figure A.6): index in the block by position in the stream. */
// biome-ignore format: a table, sixteen to a row
const ZIGZAG = Uint8Array.from([
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
  12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
  58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
]);
export const zigzagAt = (index: number): number => ZIGZAG[index] as number;

/** The coefficients of one component, 64 for each block, in rows of blocks. */
export type Blocks = JpegComponent & {
  /** Blocks that hold samples; those of whole MCUs are more. */
  across: number;
  down: number;
  stride: number;
  coefficients: Int32Array;
  /** Prediction of the next DC coefficient. */
  dc: number;
};

/** Memory of all coefficients. */
const COEFFICIENTS_MAX = 256 * 2 ** 20;

/** @throws {Failure} pixel/limit */
export function blocksOf(frame: JpegFrame): Blocks[] {
  const hMax = Math.max(...frame.components.map(({ h }) => h));
  const vMax = Math.max(...frame.components.map(({ v }) => v));
  const mcusAcross = Math.ceil(frame.columns / (8 * hMax));
  const mcusDown = Math.ceil(frame.rows / (8 * vMax));
  const count = frame.components.reduce((sum, { h, v }) => sum + mcusAcross * h * mcusDown * v * 64, 0);
  if (count > COEFFICIENTS_MAX) throw new Failure('pixel/limit', `${count} coefficients`);
  return frame.components.map((component) => ({
    ...component,
    across: Math.ceil(Math.ceil((frame.columns * component.h) / hMax) / 8),
    down: Math.ceil(Math.ceil((frame.rows * component.v) / vMax) / 8),
    stride: mcusAcross * component.h,
    coefficients: new Int32Array(mcusAcross * component.h * mcusDown * component.v * 64),
    dc: 0,
  }));
}

type Part = { blocks: Blocks; dc: HuffmanTable | undefined; ac: HuffmanTable | undefined };
type DecodeBlock = (part: Part, at: number) => void;

/**
 * Decodes one scan of a sequential or progressive frame (T.81 F, G) into coefficients.
 * @returns where the scan ends
 */
export function decodeScan(
  bytes: Uint8Array,
  at: number,
  scan: JpegScan,
  blocks: readonly Blocks[],
  isProgressive: boolean,
): number {
  const bits = new EntropyBits(bytes, at);
  const coder = new BlockCoder(bits, scan);
  const parts = scan.components.map(({ index, dc, ac }): Part => ({ blocks: blocks[index] as Blocks, dc, ac }));
  const decode = coder.decoderOf(isProgressive);
  const [only, ...others] = parts;
  const { across, mcus } = only !== undefined && others.length === 0 ? single(only) : interleaved(parts);
  for (const { blocks: own } of parts) own.dc = 0;
  for (let mcu = 0; mcu < mcus; mcu++) {
    if (scan.restartInterval > 0 && mcu > 0 && mcu % scan.restartInterval === 0) {
      bits.restart();
      coder.restart();
      for (const { blocks: own } of parts) own.dc = 0;
    }
    const row = Math.floor(mcu / across);
    const column = mcu % across;
    if (only !== undefined && others.length === 0) decode(only, (row * only.blocks.stride + column) * 64);
    else for (const part of parts) decodeMcu(part, row, column, decode);
  }
  return bits.position;
}

/** T.81 A.2.2: a component alone is coded in its own blocks. */
const single = ({ blocks }: Part): { across: number; mcus: number } => ({
  across: blocks.across,
  mcus: blocks.across * blocks.down,
});

function interleaved(parts: readonly Part[]): { across: number; mcus: number } {
  const [{ blocks }] = parts as [Part, ...Part[]];
  const across = blocks.stride / blocks.h;
  return { across, mcus: across * (blocks.coefficients.length / 64 / blocks.stride / blocks.v) };
}

function decodeMcu(part: Part, row: number, column: number, decode: DecodeBlock): void {
  const { h, v, stride } = part.blocks;
  for (let y = 0; y < v; y++) {
    for (let x = 0; x < h; x++) decode(part, ((row * v + y) * stride + column * h + x) * 64);
  }
}

const malformed = (what: string): never => {
  throw new Failure('pixel/malformed', what);
};

/** The five ways in which a block is coded. */
class BlockCoder {
  readonly #bits: EntropyBits;
  readonly #scan: JpegScan;
  /** Blocks to come without further coefficients in this band (T.81 G.1.2.2). */
  #endOfBandRun = 0;

  constructor(bits: EntropyBits, scan: JpegScan) {
    this.#bits = bits;
    this.#scan = scan;
  }

  restart(): void {
    this.#endOfBandRun = 0;
  }

  decoderOf(isProgressive: boolean): DecodeBlock {
    const { start, end, high, components } = this.#scan;
    if (!isProgressive) return (part, at) => this.#sequential(part, at);
    if (start === 0) return high === 0 ? (part, at) => this.#dcFirst(part, at) : (part, at) => this.#dcRefine(part, at);
    if (components.length !== 1 || end > 63 || end < start) malformed('band of a progressive scan');
    return high === 0 ? (part, at) => this.#acFirst(part, at) : (part, at) => this.#acRefine(part, at);
  }

  #dcOf({ blocks, dc }: Part): number {
    const size = this.#bits.symbol(dc ?? malformed('scan without its Huffman table'));
    if (size > 16) malformed('DC difference');
    blocks.dc += size === 0 ? 0 : this.#bits.signed(size);
    return blocks.dc;
  }

  #sequential(part: Part, at: number): void {
    const { coefficients } = part.blocks;
    coefficients[at] = this.#dcOf(part);
    const ac = part.ac ?? malformed('scan without its Huffman table');
    for (let index = 1; index < 64; index++) {
      const symbol = this.#bits.symbol(ac);
      const size = symbol & 15;
      const run = symbol >> 4;
      if (size === 0 && run < 15) return;
      index += run;
      if (size === 0) continue;
      if (index > 63) malformed('run beyond its block');
      coefficients[at + zigzagAt(index)] = this.#bits.signed(size);
    }
  }

  #dcFirst(part: Part, at: number): void {
    part.blocks.coefficients[at] = this.#dcOf(part) * (1 << this.#scan.low);
  }

  #dcRefine({ blocks }: Part, at: number): void {
    if (this.#bits.bit() === 1) blocks.coefficients[at] = (blocks.coefficients[at] as number) | (1 << this.#scan.low);
  }

  #acFirst({ blocks, ac }: Part, at: number): void {
    if (this.#endOfBandRun > 0) {
      this.#endOfBandRun -= 1;
      return;
    }
    const { start, end, low } = this.#scan;
    const table = ac ?? malformed('scan without its Huffman table');
    for (let index = start; index <= end; index++) {
      const symbol = this.#bits.symbol(table);
      const size = symbol & 15;
      const run = symbol >> 4;
      if (size === 0 && run < 15) {
        this.#endOfBandRun = (1 << run) + this.#bits.bits(run) - 1;
        return;
      }
      index += run;
      if (size === 0) continue;
      if (index > end) malformed('run beyond its band');
      blocks.coefficients[at + zigzagAt(index)] = this.#bits.signed(size) * (1 << low);
    }
  }

  #acRefine({ blocks: { coefficients }, ac }: Part, at: number): void {
    const { start, end, low } = this.#scan;
    let index = start;
    if (this.#endOfBandRun === 0) {
      const table = ac ?? malformed('scan without its Huffman table');
      for (; index <= end; index++) {
        const symbol = this.#bits.symbol(table);
        const run = symbol >> 4;
        let value = 0;
        if ((symbol & 15) !== 0) value = this.#bits.bit() === 1 ? 1 << low : -1 << low;
        else if (run < 15) {
          this.#endOfBandRun = (1 << run) + this.#bits.bits(run);
          break;
        }
        index = this.#refineRun(coefficients, at, index, run);
        if (value !== 0 && index <= end) coefficients[at + zigzagAt(index)] = value;
      }
    }
    if (this.#endOfBandRun === 0) return;
    this.#refineRun(coefficients, at, index, 64);
    this.#endOfBandRun -= 1;
  }

  /** Refines what is not zero, and passes over `run` zeros. @returns the position behind, of a zero or the end */
  #refineRun(coefficients: Int32Array, at: number, from: number, run: number): number {
    const { end, low } = this.#scan;
    let zeros = run;
    let index = from;
    for (; index <= end; index++) {
      const place = at + zigzagAt(index);
      const value = coefficients[place] as number;
      if (value === 0) {
        if (zeros === 0) return index;
        zeros -= 1;
      } else if (this.#bits.bit() === 1 && (value & (1 << low)) === 0) {
        coefficients[place] = value + (value > 0 ? 1 << low : -1 << low);
      }
    }
    return index;
  }
}
