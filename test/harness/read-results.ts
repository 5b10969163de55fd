import assert from 'node:assert/strict';
import { runPeer } from './run-peer.ts';

/** Debian's, which python3-pydicom is for. */
const PYTHON = '/usr/bin/python3';

/** What pydicom and numpy read of a report or a segmentation. */
export type PeerReading = {
  sopClassUid: string;
  sopInstanceUid: string;
  seriesUid: string;
  studyUid: string;
  patientName: string;
  patientId: string;
  qualification: string;
  verification: string | null;
  /** Concept name, and what the item says. */
  numbers: [code: string, value: number, unit: string][];
  codes: [code: string, value: string][];
  images: string[];
  segments: number[];
  /** Of a segmentation: its pixels as numpy unpacks them. */
  frames: { segment: number; source: string; sha256: string; set: number }[];
};

const READ = `
import hashlib, json, sys, pydicom
ds = pydicom.dcmread(sys.argv[1])
out = dict(sopClassUid=ds.SOPClassUID, sopInstanceUid=ds.SOPInstanceUID, seriesUid=ds.SeriesInstanceUID,
    studyUid=ds.StudyInstanceUID, patientName=str(ds.PatientName), patientId=ds.PatientID,
    qualification=ds.ContentQualification, verification=ds.get('VerificationFlag'),
    numbers=[], codes=[], images=[], segments=[], frames=[])
def code(items):
    return items[0].get('CodeValue') or items[0].LongCodeValue
def walk(item):
    name = code(item.ConceptNameCodeSequence) if 'ConceptNameCodeSequence' in item else ''
    if item.ValueType == 'NUM':
        value = item.MeasuredValueSequence[0]
        number = value.get('FloatingPointValue', float(value.NumericValue))
        out['numbers'].append([name, number, code(value.MeasurementUnitsCodeSequence)])
    if item.ValueType == 'CODE':
        out['codes'].append([name, code(item.ConceptCodeSequence)])
    if item.ValueType == 'IMAGE':
        reference = item.ReferencedSOPSequence[0]
        out['images'].append(reference.ReferencedSOPInstanceUID)
        if 'ReferencedSegmentNumber' in reference:
            out['segments'].append(int(reference.ReferencedSegmentNumber))
    for child in item.get('ContentSequence', []):
        walk(child)
if ds.Modality == 'SR':
    walk(ds)
else:
    pixels = ds.pixel_array
    if pixels.ndim == 2:
        pixels = pixels[None]
    for frame, group in zip(pixels, ds.PerFrameFunctionalGroupsSequence):
        source = group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        out['frames'].append(dict(segment=int(group.SegmentIdentificationSequence[0].ReferencedSegmentNumber),
            source=source, sha256=hashlib.sha256(frame.astype('uint8').tobytes()).hexdigest(), set=int(frame.sum())))
json.dump(out, sys.stdout)
`;

export async function readByPydicom(path: string): Promise<PeerReading> {
  const { code, output } = await runPeer(PYTHON, ['-c', READ, path]);
  assert.equal(code, 0, output);
  return JSON.parse(output) as PeerReading;
}

/**
 * Its stylesheet has more XPath operators than a JVM allows by default, and is compiled each time: some ten seconds,
 * for which the first tier of the JVM is the fastest.
 */
const JAVA_TOOL_OPTIONS = [
  ...['TotalOp', 'ExprOp', 'ExprGrp'].map((limit) => `-Djdk.xml.xpath${limit}Limit=0`),
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC',
].join(' ');
const VALIDATOR_MS_MAX = 300_000;

/** What PixelMed's validator of structured reports says (Debian: pixelmed-apps). */
export async function validatedReport(path: string): Promise<string> {
  const options = { env: { JAVA_TOOL_OPTIONS }, msMax: VALIDATOR_MS_MAX };
  const { code, output } = await runPeer('DicomSRValidator', [path], options);
  assert.equal(code, 0, output);
  return output;
}
