import type { DataSet, Element } from '@acervo/dicom/data-set/model.ts';
import { T } from '@acervo/dicom/tags.ts';
import { equalBytes } from '@acervo/kernel/bytes.ts';
import { type IndexFacts, indexFactsOf, instanceNumberOf } from './index-facts.ts';

type Context = { issuer: string; charset: string };
type Told = { dataSet: DataSet; facts: IndexFacts };

/** Series whose facts are kept: of as many senders at once, some 10 KB each. */
const SERIES_MAX = 256;
/** What no fact of the study or series, nor the choice of the character set, depends on. */
const OWN_TAGS: ReadonlySet<number> = new Set([T.SOPInstanceUID, T.InstanceNumber]);
const NONE: ReadonlySet<number> = new Set();

/**
 * The facts of an instance, remembered from the one before it: the hundreds of instances of a series tell the same
 * bytes of their study and series, so decoding, folding and writing them as JSON is done once.
 */
export class FactsMemory {
  readonly #told = new Map<string, Told>();

  /** The same as `indexFactsOf`. The data set may be kept, so its values must be its own. */
  of(dataSet: DataSet, context: Context, seriesUid: string): IndexFacts {
    const key = `${context.issuer}\0${context.charset}\0${seriesUid}`;
    const told = this.#told.get(key);
    if (told !== undefined && tellsTheSame(told.dataSet, dataSet, OWN_TAGS)) {
      return { ...told.facts, instanceNumber: instanceNumberOf(dataSet) };
    }
    const facts = indexFactsOf(dataSet, context);
    this.#told.delete(key);
    this.#told.set(key, { dataSet, facts });
    if (this.#told.size > SERIES_MAX) this.#told.delete(this.#told.keys().next().value ?? key);
    return facts;
  }
}

function tellsTheSame(a: DataSet, b: DataSet, passedOver: ReadonlySet<number>): boolean {
  if (a.littleEndian !== b.littleEndian || a.elements.size !== b.elements.size) return false;
  for (const [tag, element] of a.elements) {
    const other = b.elements.get(tag);
    if (other === undefined || !(passedOver.has(tag) || isSame(element, other))) return false;
  }
  return true;
}

function isSame(a: Element, b: Element): boolean {
  if (a.vr !== b.vr || a.length !== b.length) return false;
  if (a.value !== undefined && b.value !== undefined) return equalBytes(a.value, b.value);
  if (a.items === undefined || b.items === undefined) return a.value === b.value && a.items === b.items;
  const items = b.items;
  return (
    a.items.length === items.length && a.items.every((item, index) => tellsTheSame(item, items[index] as DataSet, NONE))
  );
}
