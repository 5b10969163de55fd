import { composed, decimalText, type Values } from '../data-set/compose.ts';
import type { DataSet } from '../data-set/model.ts';
import { T } from '../tags.ts';
import { wrongContent } from './check.ts';
import { codeValues } from './code.ts';
import type { ContentItem, ImageReference, ObjectReference } from './content.ts';

/**
 * The attributes of the SR Document Content module (PS3.3 C.17.3) of a tree; its root is the document's.
 * @throws {RangeError} naming the first item that is not as the standard has it, by its place.
 */
export function contentValues(root: ContentItem): Values {
  const wrong = wrongContent(root);
  if (wrong !== undefined) throw new RangeError(wrong);
  return itemValues(root);
}

/** The same as a data set of nothing else. */
export const contentDataSet = (root: ContentItem, terms: readonly string[]): DataSet =>
  composed(contentValues(root), terms);

function itemValues(item: ContentItem): Values {
  const { relationship, concept, observedAt, observationUid, children = [] } = item;
  return [
    [T.RelationshipType, relationship],
    [T.ObservationDateTime, observedAt],
    [T.ObservationUID, observationUid],
    [T.ValueType, item.type],
    [T.ConceptNameCodeSequence, concept && [codeValues(concept)]],
    ...saidValues(item),
    [T.ContentSequence, children.length > 0 ? children.map(itemValues) : undefined],
  ];
}

function saidValues(item: ContentItem): Values {
  switch (item.type) {
    case 'CONTAINER':
      return [
        [T.ContinuityOfContent, item.continuity],
        [
          T.ContentTemplateSequence,
          item.template && [
            [
              [T.MappingResource, item.template.resource],
              [T.TemplateIdentifier, item.template.id],
            ],
          ],
        ],
      ];
    case 'CODE':
      return [[T.ConceptCodeSequence, [codeValues(item.code)]]];
    case 'NUM':
      return measured(item);
    case 'TEXT':
      return [[T.TextValue, item.text]];
    case 'PNAME':
      return [[T.PersonName, item.name]];
    case 'DATETIME':
      return [[T.DateTime, item.at]];
    case 'DATE':
      return [[T.Date, item.at]];
    case 'TIME':
      return [[T.Time, item.at]];
    case 'UIDREF':
      return [[T.UID, item.uid]];
    case 'IMAGE':
      return [[T.ReferencedSOPSequence, [imageValues(item.image)]]];
    case 'COMPOSITE':
      return [[T.ReferencedSOPSequence, [referenceValues(item.object)]]];
    case 'SCOORD':
      return [
        [T.GraphicData, item.points],
        [T.GraphicType, item.graphic],
      ];
    case 'SCOORD3D':
      return [
        [T.GraphicData, item.points],
        [T.GraphicType, item.graphic],
        [T.ReferencedFrameOfReferenceUID, item.frameOfReferenceUid],
      ];
  }
}

/** Floating Point Value beside Numeric Value where 16 characters do not say the number (PS3.3 table C.18.1-1). */
function measured(item: ContentItem & { type: 'NUM' }): Values {
  if ('missing' in item) {
    return [
      [T.MeasuredValueSequence, []],
      [T.NumericValueQualifierCodeSequence, [codeValues(item.missing)]],
    ];
  }
  const { value, unit } = item;
  const isRounded = Number(decimalText(value)) !== value;
  return [
    [
      T.MeasuredValueSequence,
      [
        [
          [T.NumericValue, value],
          [T.FloatingPointValue, isRounded ? value : undefined],
          [T.MeasurementUnitsCodeSequence, [codeValues(unit)]],
        ],
      ],
    ],
  ];
}

const referenceValues = ({ sopClassUid, sopInstanceUid }: ObjectReference): Values => [
  [T.ReferencedSOPClassUID, sopClassUid],
  [T.ReferencedSOPInstanceUID, sopInstanceUid],
];

const imageValues = (image: ImageReference): Values => [
  ...referenceValues(image),
  [T.ReferencedFrameNumber, image.frames],
  [T.ReferencedSegmentNumber, image.segments],
];
