import { numbersOf } from '@acervo/dicom/data-set/access.ts';
import type { DataSet } from '@acervo/dicom/data-set/model.ts';
import { T } from '@acervo/dicom/tags.ts';
import { dot, type Geometry, type Vector } from './image.ts';

const COSINE_TOLERANCE = 1e-3;

/**
 * Where a single-frame image lies (PS3.3 C.7.6.2.1.1); undefined where it does not say, or says what cannot be:
 * directions that are not of length one, or not at right angles.
 */
export function readGeometry(dataSet: DataSet): Geometry | undefined {
  const position = numbers(dataSet, T.ImagePositionPatient, 3);
  const cosines = numbers(dataSet, T.ImageOrientationPatient, 6);
  const spacing = numbers(dataSet, T.PixelSpacing, 2);
  if (position === undefined || cosines === undefined || spacing === undefined) return undefined;
  // "Direction of the row": in which the column's index increases.
  const column = cosines.slice(0, 3) as [number, number, number];
  const row = cosines.slice(3) as [number, number, number];
  const isSquare = [dot(column, column) - 1, dot(row, row) - 1, dot(row, column)].every(
    (error) => Math.abs(error) <= COSINE_TOLERANCE,
  );
  if (!isSquare || spacing.some((mm) => !(mm > 0))) return undefined;
  const normal: Vector = [
    column[1] * row[2] - column[2] * row[1],
    column[2] * row[0] - column[0] * row[2],
    column[0] * row[1] - column[1] * row[0],
  ];
  // Pixel Spacing: between rows first.
  const [betweenRows, betweenColumns] = spacing as [number, number];
  return {
    position: position as [number, number, number],
    axes: [normal, row, column],
    spacing: [0, betweenRows, betweenColumns],
  };
}

function numbers(dataSet: DataSet, tag: number, count: number): number[] | undefined {
  const found = numbersOf(dataSet.elements.get(tag), dataSet.littleEndian);
  return found.length === count && found.every(Number.isFinite) ? found : undefined;
}
