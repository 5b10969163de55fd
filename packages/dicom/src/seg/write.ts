import type { Values } from '../data-set/compose.ts';
import { codeValues } from '../sr/code.ts';
import { T } from '../tags.ts';
import { packBits } from './pack.ts';
import type { Algorithm, Plane, Segment, Segmentation } from './segmentation.ts';

/** CID 7203 Image Derivation, CID 7202 Source Image Purposes of Reference (PS3.16). */
const SEGMENTATION = { value: '113076', scheme: 'DCM', meaning: 'Segmentation' };
const SOURCE_IMAGE = { value: '121322', scheme: 'DCM', meaning: 'Source image for image processing operation' };
const CIELAB_MAX = 0xffff;
const FRAMES_MAX = 100_000;

/**
 * The attributes of a binary Segmentation (PS3.3 A.51): Image Pixel, Segmentation Image (C.8.20.2), Multi-frame
 * Functional Groups (C.7.6.16) and Dimension (C.7.6.17) modules. Frames come by segment, then along the normal; those
 * without a pixel are left out.
 * @throws {RangeError} no pixel at all, segments not numbered from 1, planes of other segments or sizes.
 */
export function segmentationValues(of: Segmentation): Values {
  const planes = framesOf(of);
  const places = placesOf(of, planes);
  return [
    [T.ImageType, ['DERIVED', 'PRIMARY']],
    [T.SamplesPerPixel, 1],
    [T.PhotometricInterpretation, 'MONOCHROME2'],
    [T.NumberOfFrames, planes.length],
    [T.Rows, of.rows],
    [T.Columns, of.columns],
    [T.BitsAllocated, 1],
    [T.BitsStored, 1],
    [T.HighBit, 0],
    [T.PixelRepresentation, 0],
    [T.LossyImageCompression, '00'],
    [T.SegmentationType, 'BINARY'],
    [T.SegmentsOverlap, of.segments.length === 1 ? 'NO' : 'UNDEFINED'],
    [T.SegmentSequence, of.segments.map(segmentValues)],
    ...dimensionValues(of.dimensionOrganizationUid),
    [T.SharedFunctionalGroupsSequence, [sharedValues(of)]],
    [T.PerFrameFunctionalGroupsSequence, planes.map((plane) => frameValues(plane, places))],
    [T.PixelData, packBits(planes.map(({ pixels }) => pixels))],
  ];
}

function framesOf({ rows, columns, segments, planes }: Segmentation): Plane[] {
  if (segments.some(({ number }, index) => number !== index + 1)) throw new RangeError('segments are numbered from 1');
  for (const { segment, pixels } of planes) {
    if (segments[segment - 1] === undefined) throw new RangeError(`a plane of segment ${segment}`);
    if (pixels.length !== rows * columns) throw new RangeError(`a plane of ${pixels.length} pixels`);
  }
  const frames = planes.filter(({ pixels }) => hasPixel(pixels));
  if (frames.length === 0 || frames.length > FRAMES_MAX) throw new RangeError(`${frames.length} frames`);
  return frames;
}

/** A loop: most of a volume is empty, and `some` calls a function for each pixel of it. */
function hasPixel(pixels: Uint8Array): boolean {
  for (let index = 0; index < pixels.length; index++) if (pixels[index] !== 0) return true;
  return false;
}

type Places = { order: Plane[]; along: (plane: Plane) => number; at: readonly number[] };

/** The places of all frames along the normal, in order: an index of the dimension each. */
function placesOf({ orientation }: Segmentation, planes: Plane[]): Places {
  const [a = 1, b = 0, c = 0, d = 0, e = 1, f = 0] = orientation;
  const normal = [b * f - c * e, c * d - a * f, a * e - b * d] as const;
  const along = ({ position: [x, y, z] }: Plane): number => x * normal[0] + y * normal[1] + z * normal[2];
  const order = planes.sort((one, other) => one.segment - other.segment || along(one) - along(other));
  return { order, along, at: [...new Set(order.map(along))].sort((one, other) => one - other) };
}

function segmentValues({ number, label, category, property, algorithm, cielab, tracking }: Segment): Values {
  if (cielab.some((each) => !(each >= 0 && each <= CIELAB_MAX))) throw new RangeError('CIELab of 0 to 65535');
  return [
    [T.SegmentNumber, number],
    [T.SegmentLabel, label],
    [T.SegmentedPropertyCategoryCodeSequence, [codeValues(category)]],
    [T.SegmentedPropertyTypeCodeSequence, [codeValues(property)]],
    [T.SegmentAlgorithmType, 'AUTOMATIC'],
    [T.SegmentAlgorithmName, algorithm.name],
    [T.SegmentationAlgorithmIdentificationSequence, [algorithmValues(algorithm)]],
    [T.RecommendedDisplayCIELabValue, cielab],
    [T.TrackingID, tracking?.id],
    [T.TrackingUID, tracking?.uid],
  ];
}

/** Algorithm Identification macro (PS3.3 table 10-19). */
const algorithmValues = ({ family, name, version, parameters, source }: Algorithm): Values => [
  [T.AlgorithmFamilyCodeSequence, [codeValues(family)]],
  [T.AlgorithmName, name],
  [T.AlgorithmVersion, version],
  [T.AlgorithmParameters, parameters],
  [T.AlgorithmSource, source],
];

/** Two dimensions: the segment, and the place along the normal. */
function dimensionValues(uid: string): Values {
  const dimension = (pointer: number, group: number, label: string): Values => [
    [T.DimensionOrganizationUID, uid],
    [T.DimensionIndexPointer, pointer],
    [T.FunctionalGroupPointer, group],
    [T.DimensionDescriptionLabel, label],
  ];
  return [
    [T.DimensionOrganizationSequence, [[[T.DimensionOrganizationUID, uid]]]],
    [
      T.DimensionIndexSequence,
      [
        dimension(T.ReferencedSegmentNumber, T.SegmentIdentificationSequence, 'Segment Number'),
        dimension(T.ImagePositionPatient, T.PlanePositionSequence, 'Image Position'),
      ],
    ],
  ];
}

const sharedValues = (of: Segmentation): Values => [
  [T.PlaneOrientationSequence, [[[T.ImageOrientationPatient, of.orientation]]]],
  [
    T.PixelMeasuresSequence,
    [
      [
        [T.PixelSpacing, of.pixelSpacing],
        [T.SliceThickness, of.sliceThickness],
        [T.SpacingBetweenSlices, of.spacingBetweenSlices],
      ],
    ],
  ],
];

function frameValues(plane: Plane, { along, at }: Places): Values {
  const place = at.indexOf(along(plane)) + 1;
  const { sopClassUid, sopInstanceUid } = plane.source;
  return [
    [
      T.DerivationImageSequence,
      [
        [
          [T.DerivationCodeSequence, [codeValues(SEGMENTATION)]],
          [
            T.SourceImageSequence,
            [
              [
                [T.ReferencedSOPClassUID, sopClassUid],
                [T.ReferencedSOPInstanceUID, sopInstanceUid],
                [T.PurposeOfReferenceCodeSequence, [codeValues(SOURCE_IMAGE)]],
                [T.SpatialLocationsPreserved, 'YES'],
              ],
            ],
          ],
        ],
      ],
    ],
    [
      T.FrameContentSequence,
      [
        [
          [T.StackID, '1'],
          [T.InStackPositionNumber, place],
          [T.DimensionIndexValues, [plane.segment, place]],
        ],
      ],
    ],
    [T.PlanePositionSequence, [[[T.ImagePositionPatient, plane.position]]]],
    [T.SegmentIdentificationSequence, [[[T.ReferencedSegmentNumber, plane.segment]]]],
  ];
}
