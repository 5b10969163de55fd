import { Failure } from '@acervo/kernel/failure.ts';
import { type Charset, decodeText } from '../charset/decode.ts';
import { itemsOf, numberOf, numbersOf, textOf, uidOf } from '../data-set/access.ts';
import { PARSE_LIMITS } from '../data-set/limits.ts';
import type { DataSet, Tag } from '../data-set/model.ts';
import { T } from '../tags.ts';
import { wrongContent } from './check.ts';
import { type Code, codeIn } from './code.ts';
import type { ContentItem, Graphic, Graphic3d, ImageReference, Relationship, Said } from './content.ts';

/**
 * The content tree of a structured report, as `contentDataSet` writes it.
 * @throws {Failure} parse/malformed: an item that is not as PS3.3 C.17.3 has it, value types and relationships by
 *   reference that are not read here.
 */
export function readContent(dataSet: DataSet, charset: Charset): ContentItem {
  const root = itemIn({ dataSet, charset, at: '1', depth: 0 });
  const wrong = wrongContent(root);
  if (wrong !== undefined) throw new Failure('parse/malformed', `content item ${wrong}`);
  return root;
}

type Place = { dataSet: DataSet; charset: Charset; at: string; depth: number };

function itemIn(place: Place): ContentItem {
  const { dataSet, charset, at, depth } = place;
  if (depth > PARSE_LIMITS.depthMax) throw new Failure('parse/limit', 'content nested too deep');
  if (dataSet.elements.has(T.ReferencedContentItemIdentifier)) refuse(place, 'a relationship by reference');
  const relationship = textOf(dataSet.elements.get(T.RelationshipType));
  const concept = codeIn(dataSet, T.ConceptNameCodeSequence, charset);
  const observedAt = textOf(dataSet.elements.get(T.ObservationDateTime));
  const observationUid = uidOf(dataSet, T.ObservationUID);
  const children = itemsOf(dataSet, T.ContentSequence).map((item, index) =>
    itemIn({ dataSet: item, charset, at: `${at}.${index + 1}`, depth: depth + 1 }),
  );
  return {
    ...saidIn(place),
    ...(relationship !== '' && { relationship: relationship as Relationship }),
    ...(concept !== undefined && { concept }),
    ...(observedAt !== '' && { observedAt }),
    ...(observationUid !== undefined && { observationUid }),
    ...(children.length > 0 && { children }),
  };
}

const refuse = ({ at }: Place, what: string): never => {
  throw new Failure('parse/malformed', `content item ${at}: ${what}`);
};

function saidIn(place: Place): Said {
  const { dataSet } = place;
  const text = (tag: Tag): string => textOf(dataSet.elements.get(tag));
  const type = text(T.ValueType) as ContentItem['type'];
  switch (type) {
    case 'CONTAINER':
      return container(place);
    case 'CODE':
      return { type, code: codeAt(place, T.ConceptCodeSequence) };
    case 'NUM':
      return measured(place);
    case 'TEXT':
      return { type, text: decodedAt(place, T.TextValue) };
    case 'PNAME':
      return { type, name: decodedAt(place, T.PersonName) };
    case 'DATETIME':
      return { type, at: text(T.DateTime) };
    case 'DATE':
      return { type, at: text(T.Date) };
    case 'TIME':
      return { type, at: text(T.Time) };
    case 'UIDREF':
      return { type, uid: text(T.UID) };
    case 'IMAGE':
      return { type, image: imageIn(place) };
    case 'COMPOSITE':
      return { type, object: imageIn(place) };
    case 'SCOORD':
      return { type, graphic: text(T.GraphicType) as Graphic, points: pointsIn(place) };
    case 'SCOORD3D':
      return {
        type,
        graphic: text(T.GraphicType) as Graphic3d,
        points: pointsIn(place),
        frameOfReferenceUid: text(T.ReferencedFrameOfReferenceUID),
      };
    default:
      return refuse(place, `value type ${type}`);
  }
}

function container({ dataSet }: Place): Said {
  const isContinuous = textOf(dataSet.elements.get(T.ContinuityOfContent)) === 'CONTINUOUS';
  const [template] = itemsOf(dataSet, T.ContentTemplateSequence);
  const said: Said = { type: 'CONTAINER', continuity: isContinuous ? 'CONTINUOUS' : 'SEPARATE' };
  if (template === undefined) return said;
  const id = textOf(template.elements.get(T.TemplateIdentifier));
  return { ...said, template: { id, resource: textOf(template.elements.get(T.MappingResource)) } };
}

function measured(place: Place): Said {
  const { dataSet } = place;
  const [value] = itemsOf(dataSet, T.MeasuredValueSequence);
  if (value === undefined) return { type: 'NUM', missing: codeAt(place, T.NumericValueQualifierCodeSequence) };
  const number = numberOf(value, T.FloatingPointValue) ?? numberOf(value, T.NumericValue) ?? refuse(place, 'no number');
  return { type: 'NUM', value: number, unit: codeAt({ ...place, dataSet: value }, T.MeasurementUnitsCodeSequence) };
}

const codeAt = (place: Place, tag: Tag): Code => codeIn(place.dataSet, tag, place.charset) ?? refuse(place, 'no code');

const pointsIn = ({ dataSet }: Place): number[] => numbersOf(dataSet.elements.get(T.GraphicData), dataSet.littleEndian);

/** Trailing blanks are padding in UT and PN alike. */
function decodedAt({ dataSet, charset }: Place, tag: Tag): string {
  const found = dataSet.elements.get(tag);
  return found?.value === undefined ? '' : decodeText(found.value, found.vr, charset).replace(/[ \0]+$/, '');
}

function imageIn(place: Place): ImageReference {
  const [item] = itemsOf(place.dataSet, T.ReferencedSOPSequence);
  if (item === undefined) return refuse(place, 'a reference to nothing');
  const numbers = (tag: Tag): number[] => numbersOf(item.elements.get(tag), item.littleEndian);
  const [frames, segments] = [numbers(T.ReferencedFrameNumber), numbers(T.ReferencedSegmentNumber)];
  return {
    sopClassUid: uidOf(item, T.ReferencedSOPClassUID) ?? '',
    sopInstanceUid: uidOf(item, T.ReferencedSOPInstanceUID) ?? '',
    ...(frames.length > 0 && { frames }),
    ...(segments.length > 0 && { segments }),
  };
}
