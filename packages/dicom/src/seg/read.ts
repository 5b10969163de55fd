import { Failure } from '@acervo/kernel/failure.ts';
import { elementAt, itemsOf, numberOf, numbersOf, textOf, textsOf } from '../data-set/access.ts';
import type { DataSet } from '../data-set/model.ts';
import { T } from '../tags.ts';
import { unpackBits } from './pack.ts';
import type { Plane } from './segmentation.ts';

export type ReadSegmentation = { rows: number; columns: number; frames: Plane[] };

/**
 * The frames of a binary Segmentation: of which segment, over which source image, its pixels.
 * @throws {Failure} parse/malformed for what is no binary segmentation; parse/truncated
 */
export function readSegmentation(dataSet: DataSet): ReadSegmentation {
  if (textOf(dataSet.elements.get(T.SegmentationType)) !== 'BINARY') refuse('not a binary segmentation');
  const [rows, columns] = [numberOf(dataSet, T.Rows), numberOf(dataSet, T.Columns)];
  const packed = dataSet.elements.get(T.PixelData)?.value;
  if (rows === undefined || columns === undefined || packed === undefined) return refuse('no pixels');
  const groups = itemsOf(dataSet, T.PerFrameFunctionalGroupsSequence);
  if (groups.length !== numberOf(dataSet, T.NumberOfFrames)) refuse(`${groups.length} items of functional groups`);
  const [shared] = itemsOf(dataSet, T.SharedFunctionalGroupsSequence);
  const frames = groups.map((group, index) => ({
    ...placeOf(group, shared, index + 1),
    pixels: unpackBits(packed, index, rows * columns),
  }));
  return { rows, columns, frames };
}

function refuse(what: string): never {
  throw new Failure('parse/malformed', `segmentation: ${what}`);
}

/** Either of a functional group's homes: the frame's own item, or the shared one (PS3.3 C.7.6.16). */
function placeOf(group: DataSet, shared: DataSet | undefined, frame: number): Omit<Plane, 'pixels'> {
  const at = (...path: Parameters<typeof elementAt> extends [DataSet, ...infer P] ? P : never) =>
    elementAt(group, ...path) ?? (shared && elementAt(shared, ...path));
  const numbers = (...path: Parameters<typeof at>) => numbersOf(at(...path), group.littleEndian);
  const [segment] = numbers(T.SegmentIdentificationSequence, 0, T.ReferencedSegmentNumber);
  const [x, y, z] = numbers(T.PlanePositionSequence, 0, T.ImagePositionPatient);
  const source = (tag: number) => textsOf(at(T.DerivationImageSequence, 0, T.SourceImageSequence, 0, tag))[0] ?? '';
  if (segment === undefined) return refuse(`frame ${frame} is of no segment`);
  if (x === undefined || y === undefined || z === undefined) return refuse(`frame ${frame} is nowhere`);
  const [sopClassUid, sopInstanceUid] = [source(T.ReferencedSOPClassUID), source(T.ReferencedSOPInstanceUID)];
  return { segment, position: [x, y, z], source: { sopClassUid, sopInstanceUid } };
}
