import { equalBytes } from '../bytes.ts';
import { type Checked, type CheckOptions, finding } from './finding.ts';
import { type CommitRecord, type RecordMember, segmentName } from './record.ts';
import { PAX_BYTES, paddingOf, writePaxSize, writeTarHeader } from './tar.ts';
import type { Entry, NewSha256, SegmentBytes, Walked } from './walk.ts';

/** What stands before a record, and by how many bytes it lies elsewhere than records say. */
export type Group = { entries: Entry[]; gaps: Extract<Walked, { kind: 'gap' }>[]; shift: number };

/** Compare a group with its record. `group.shift` is changed where the bytes are found to be moved. */
export async function* checkGroup(
  bytes: SegmentBytes,
  at: Entry,
  record: CommitRecord,
  group: Group,
  options: CheckOptions,
): AsyncGenerator<Checked> {
  const name = `${segmentName(record.segment)}/${record.record}`;
  const byPath = new Map(group.entries.map((entry) => [entry.path, entry]));
  const used = new Set<Entry>();
  for (const member of record.members) {
    const entry = byPath.get(member.path);
    if (entry === undefined) {
      yield* missing(bytes, member, record, group, used, options);
      continue;
    }
    used.add(entry);
    const other = record.members.find((each) => each !== member && each.at + group.shift === entry.at);
    if (other !== undefined) {
      yield finding('member.swapped', member.path, `stands in the place of ${other.path}`);
    } else if (entry.at !== member.at + group.shift) {
      group.shift = entry.at - member.at;
      yield finding('segment.shifted', segmentName(record.segment), `from ${member.at} on by ${group.shift} bytes`);
    }
    yield* checkMember(bytes, member, entry, record, options);
  }
  for (const entry of group.entries) {
    if (!used.has(entry)) yield finding('member.foreign', entry.path, `at ${entry.start}, not named by record ${name}`);
  }
  for (const gap of group.gaps) {
    const isTold = record.members.some((member) => !byPath.has(member.path) && isWithin(gap, member, group.shift));
    if (!isTold) yield finding('segment.garbage', name, `${gap.start} to ${gap.next}: ${gap.reason}`);
  }
  if (!equalBytes(at.head, headOf(at.path, at.length, record.at, at.head.length))) {
    yield finding('record.altered', name, 'its tar header differs');
  }
  if (options.deep && !(await isPadded(bytes, at))) yield finding('record.altered', name, 'its padding is not zero');
}

const isWithin = (gap: { start: number; next: number }, member: RecordMember, shift: number): boolean =>
  gap.start < member.at + shift + member.length && gap.next > member.at + shift - PAX_BYTES;

/** No header names the member: its bytes may be whole all the same. */
async function* missing(
  bytes: SegmentBytes,
  member: RecordMember,
  record: CommitRecord,
  group: Group,
  used: Set<Entry>,
  options: CheckOptions,
): AsyncGenerator<Checked> {
  const at = member.at + group.shift;
  const occupant = group.entries.find((entry) => entry.at === at);
  const hidden = group.gaps.some((gap) => gap.start < at && gap.next >= at);
  const isNamed = occupant !== undefined && record.members.some((each) => each.path === occupant.path);
  if (isNamed || (occupant === undefined && !hidden)) {
    yield finding('member.missing', member.path, `not at ${at}`);
    return;
  }
  if (occupant !== undefined) used.add(occupant);
  const damage = await damageAt(bytes, at, member, options.newSha256);
  const detail = occupant === undefined ? 'its tar header is damaged' : `its tar header says ${occupant.path}`;
  if (damage === '') yield finding('member.header', member.path, detail);
  else yield finding('member.missing', member.path, `${detail}, and it ${damage}`);
}

async function* checkMember(
  bytes: SegmentBytes,
  member: RecordMember,
  entry: Entry,
  record: CommitRecord,
  { deep, newSha256 }: CheckOptions,
): AsyncGenerator<Checked> {
  if (entry.length !== member.length) {
    yield finding('member.flipped', member.path, `${entry.length} bytes long instead of ${member.length}`);
    return;
  }
  if (!equalBytes(entry.head, headOf(member.path, member.length, member.received, entry.head.length))) {
    yield finding('member.header', member.path, 'its tar header differs');
  }
  if (!deep) return;
  const { dataSet, damage } = await digestsAt(bytes, entry.at, member, newSha256);
  const other = record.members.find((each) => each !== member && each.sha256 === dataSet);
  if (damage !== '' && other !== undefined) yield finding('member.swapped', member.path, `holds ${other.path}`);
  else if (damage !== '') yield finding('member.flipped', member.path, damage);
  if (!(await isPadded(bytes, entry))) yield finding('member.header', member.path, 'its padding is not zero');
}

/** The header blocks that the writer made: the same facts always give the same bytes. */
function headOf(path: string, sizeBytes: number, time: string, bytes: number): Uint8Array {
  const mtimeSeconds = Math.floor(Date.parse(time) / 1000);
  const header = writeTarHeader({ path, sizeBytes, mtimeSeconds, type: 'file' });
  if (bytes === header.length) return header;
  const whole = new Uint8Array(PAX_BYTES + header.length);
  whole.set(writePaxSize(path, sizeBytes, mtimeSeconds));
  whole.set(header, PAX_BYTES);
  return whole;
}

async function isPadded(bytes: SegmentBytes, { at, length }: Entry): Promise<boolean> {
  const padding = paddingOf(length);
  return padding === 0 || (await bytes.read(at + length, padding)).every((byte) => byte === 0);
}

/** What a member's bytes are against what its record says; '' when they agree. */
export async function damageAt(
  bytes: SegmentBytes,
  at: number,
  member: RecordMember,
  newSha256: NewSha256,
): Promise<string> {
  return (await digestsAt(bytes, at, member, newSha256)).damage;
}

const READ_BYTES = 1 << 20;

async function digestsAt(
  bytes: SegmentBytes,
  at: number,
  member: RecordMember,
  newSha256: NewSha256,
): Promise<{ dataSet: string; damage: string }> {
  const headHash = newSha256();
  const dataSetHash = newSha256();
  for (let done = 0; done < member.length; ) {
    const chunk = await bytes.read(at + done, Math.min(READ_BYTES, member.length - done));
    if (chunk.length === 0) return { dataSet: '', damage: `ends after ${done} bytes` };
    const headBytes = Math.max(0, member.head - done);
    headHash.update(chunk.subarray(0, headBytes));
    dataSetHash.update(chunk.subarray(headBytes));
    done += chunk.length;
  }
  const dataSet = dataSetHash.digest('hex');
  if (dataSet !== member.sha256) return { dataSet, damage: 'differs in its data set' };
  return { dataSet, damage: headHash.digest('hex') === member.headSha256 ? '' : 'differs in its head' };
}
