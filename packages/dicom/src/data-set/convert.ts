import { concat, viewOf } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { findAttribute } from '../dictionary.ts';
import { isGroupLength, tagText } from '../tag.ts';
import { T } from '../tags.ts';
import type { TransferSyntax } from '../transfer-syntax.ts';
import { VRS, type Vr } from '../vr.ts';
import { numberOf } from './access.ts';
import { ITEM, ITEM_DELIMITATION, SEQUENCE_DELIMITATION, UNDEFINED_LENGTH } from './header.ts';
import { PARSE_LIMITS, type ParseMark } from './limits.ts';
import type { Element, Fragment, Tag } from './model.ts';
import { readDataSetFrom } from './read.ts';
import { Puller, type RandomAccess } from './source.ts';
import { inOtherOrder } from './swap.ts';
import { type Form, type Visitor, type WalkEnd, type Want, walkDataSet } from './walk.ts';
import { ByteWindow } from './window.ts';
import { headerBytes, vrForLength } from './write.ts';

const EXPLICIT_LITTLE = { explicitVr: true, littleEndian: true };

/**
 * A native data set as Explicit VR Little Endian, in constant memory, whatever its size.
 *
 * What changes: byte order by VR; sequences get undefined lengths; group lengths (gggg,0000) are left out
 * (PS3.5 7.2: retired, and wrong in another encoding); odd values are padded; UN sequences (CP-246) become
 * SQ, since some readers do not know them. What does not: any other value. In implicit VR, 'US or SS' is
 * decided by Pixel Representation (0028,0103) of the item or what encloses it, 'OB or OW' is OW (PS3.5
 * A.1), and what the dictionary does not know stays UN (PS3.5 6.2.2), never guessed.
 *
 * @param from of a deflated syntax, `source` has the inflated bytes.
 * @throws {Failure} parse/truncated, parse/malformed, parse/limit: after part of the output, unless it is
 *   read whole before it is used.
 */
export async function* toExplicitLittleEndian(
  source: RandomAccess,
  from: Readonly<TransferSyntax>,
): AsyncGenerator<Uint8Array> {
  const converter = new Converter(from.littleEndian, await signedness(source, from));
  const window = new ByteWindow();
  const walk = walkDataSet(window, from, converter, new Set<ParseMark>(), PARSE_LIMITS);
  const puller = new Puller(source, window);
  window.isEnded = source.length === 0;
  let step = walk.next();
  for (; step.done !== true; step = walk.next()) {
    const bytes = converter.take();
    if (bytes.length > 0) yield bytes;
    await puller.fulfil(step.value);
  }
  const rest = converter.take();
  if (rest.length > 0) yield rest;
  refuse(step.value);
}

/** Pixel Representation of the data set, which may come after what it decides about. */
async function signedness(source: RandomAccess, from: Readonly<TransferSyntax>): Promise<number> {
  if (from.explicitVr) return 0;
  const keep = (tag: Tag, _vr: Vr, _length: number | undefined, depth: number): boolean =>
    depth === 0 && tag === T.PixelRepresentation;
  const { dataSet } = await readDataSetFrom(source, { syntax: from, keep, stopAtPixelData: true });
  return numberOf(dataSet, T.PixelRepresentation) ?? 0;
}

function refuse({ reason, offset }: WalkEnd): void {
  if (reason === 'truncated') throw new Failure('parse/truncated', `data set ends too early, at ${offset}`);
  if (reason === 'garbage') throw new Failure('parse/malformed', `no data element at offset ${offset}`);
}

/** A data set or item that the walk is inside of. */
type Context = { littleEndian: boolean; pixelRepresentation: number };

/** Writes what the walker finds; `take` hands it on before the walker asks for more. */
class Converter implements Visitor {
  #out: Uint8Array[] = [];
  #contexts: Context[];
  /** The value under way: its VR in the source, and its tag. */
  #vr: Vr = 'UN';
  #tag: Tag = 0;
  #isOdd = false;

  constructor(littleEndian: boolean, pixelRepresentation: number) {
    this.#contexts = [{ littleEndian, pixelRepresentation }];
  }

  /** A copy: what the walker showed is valid only until it goes on. */
  take(): Uint8Array {
    const [first, ...others] = this.#out;
    const bytes = first !== undefined && others.length === 0 ? new Uint8Array(first) : concat(this.#out);
    this.#out = [];
    return bytes;
  }

  get #context(): Context {
    return this.#contexts[this.#contexts.length - 1] as Context;
  }

  element(element: Element, form: Form, depth: number, hasVr: boolean): Want {
    const { tag } = element;
    switch (form) {
      case 'opaque':
        throw new Failure('parse/limit', `deeper than depthMax ${PARSE_LIMITS.depthMax}`);
      case 'sequence':
        this.#put(tag, 'SQ', UNDEFINED_LENGTH);
        return 'whole';
      case 'fragments':
        if (depth === 0) throw new Failure('parse/malformed', `${tagText(tag)} is encapsulated in a native syntax`);
        this.#put(tag, 'OB', UNDEFINED_LENGTH);
        return 'whole';
      case 'value':
        return isGroupLength(tag) ? 'nothing' : this.#startValue(element, hasVr);
    }
  }

  #startValue(element: Element, hasVr: boolean): Want {
    const length = element.length as number;
    const vr = hasVr ? element.vr : this.#resolved(element.tag, element.vr);
    this.#tag = element.tag;
    this.#vr = vr;
    this.#isOdd = length % 2 === 1;
    const even = this.#isOdd ? length + 1 : length;
    this.#put(element.tag, vrForLength(vr, even), even);
    return 'chunks';
  }

  #resolved(tag: Tag, vr: Vr): Vr {
    const isEither = vr === 'US' && findAttribute(tag)?.vrs.includes('SS') === true;
    return isEither && this.#context.pixelRepresentation === 1 ? 'SS' : vr;
  }

  value(bytes: Uint8Array, isLast: boolean): void {
    const little = this.#context.littleEndian ? bytes : inOtherOrder(bytes, this.#vr);
    this.#out.push(little);
    if (isLast && this.#isOdd) this.#out.push(Uint8Array.of(VRS[this.#vr].pad));
    if (this.#tag === T.PixelRepresentation && little.length === 2) {
      this.#context.pixelRepresentation = viewOf(little).getUint16(0, true);
    }
  }

  item(littleEndian: boolean): void {
    this.#put(ITEM, undefined, UNDEFINED_LENGTH);
    this.#contexts.push({ littleEndian, pixelRepresentation: this.#context.pixelRepresentation });
  }

  itemEnd(): void {
    this.#put(ITEM_DELIMITATION, undefined, 0);
    this.#contexts.pop();
  }

  fragment(fragment: Fragment): Want {
    this.#tag = ITEM;
    this.#vr = 'OB';
    this.#isOdd = fragment.length % 2 === 1;
    this.#put(ITEM, undefined, this.#isOdd ? fragment.length + 1 : fragment.length);
    return 'chunks';
  }

  sequenceEnd(): void {
    this.#put(SEQUENCE_DELIMITATION, undefined, 0);
  }

  #put(tag: Tag, vr: Vr | undefined, length: number): void {
    this.#out.push(headerBytes(tag, vr, length, EXPLICIT_LITTLE));
  }
}
