import type { Json } from '@acervo/kernel/canonical-json.ts';
import type { CommitRecord, RecordMember } from '@acervo/kernel/pack/record.ts';
import { segmentName } from '@acervo/kernel/pack/record.ts';
import { type InstanceKey, instanceKeyText } from '../../holdings/keys.ts';
import { eventsOf, keyOf } from '../../holdings/project.ts';
import { type Envelope, eventText } from '../../journal/event.ts';
import { Retired } from '../../journal/retired.ts';
import { sealHash } from '../../journal/segments.ts';
import type { Db } from '../../ports/sql.ts';
import { eventsById, type MemberRow, rowsUnder, sealsById } from './verify.repo.ts';
import type { ArchiveFinding } from './verify.ts';

/** Members and events that are asked for at once. */
const BATCH = 1000;

type Asked = { record: CommitRecord; member: RecordMember; key: InstanceKey };

/** Compares the members and events of records with the rows that they should have made. */
export class GroupCheck {
  /** Offsets of the members whose row says this segment. */
  readonly known = new Set<number>();
  readonly #db: Db;
  readonly #say: (finding: ArchiveFinding) => void;
  #members: Asked[] = [];
  #events: { id: string; text: string; what: string }[] = [];

  constructor(db: Db, say: (finding: ArchiveFinding) => void) {
    this.#db = db;
    this.#say = say;
  }

  async take(record: CommitRecord): Promise<void> {
    for (const member of record.members) this.#members.push({ record, member, key: keyOf(record, member) });
    for (const event of eventsOf(record)) {
      this.#events.push({
        id: event.id,
        text: eventText(event),
        what: `${segmentName(record.segment)}/${record.record}`,
      });
    }
    if (this.#members.length + this.#events.length >= BATCH) await this.flush();
  }

  async flush(): Promise<void> {
    const [members, events] = [this.#members, this.#events];
    this.#members = [];
    this.#events = [];
    if (members.length > 0)
      this.#compareMembers(
        members,
        await rowsUnder(
          this.#db,
          members.map(({ key }) => key),
        ),
      );
    if (events.length === 0) return;
    const rows = await eventsById(
      this.#db,
      events.map(({ id }) => id),
    );
    for (const { id, text, what } of events) {
      const row = rows.get(id);
      if (row === undefined && (await this.#isRetired(id, text))) continue;
      if (row === undefined) this.#say({ code: 'event.missing', what: id, detail: `told by record ${what}` });
      else if (row !== text) this.#say({ code: 'event.altered', what: id, detail: `record ${what} tells another one` });
    }
  }

  /** Its row was retired: its number and the chain say that it is the event which was numbered. */
  async #isRetired(id: string, text: string): Promise<boolean> {
    const event = JSON.parse(text) as Envelope & Json;
    if (!(await Retired.of(this.#db)).has(event)) return false;
    const seal = (await sealsById(this.#db, [id])).get(id);
    return seal !== undefined && seal.hash === sealHash(seal.seq, seal.prev, event);
  }

  #compareMembers(members: readonly Asked[], rows: readonly MemberRow[]): void {
    const byKey = Map.groupBy(rows, instanceKeyText);
    for (const { record, member, key } of members) {
      const held = byKey.get(instanceKeyText(key)) ?? [];
      const own = held.find((row) => row.segment === record.segment && row.at === member.at);
      if (own !== undefined) {
        this.known.add(member.at);
        const differs = differenceOf(own, member);
        if (differs !== '') this.#say({ code: 'row.altered', what: member.path, detail: differs });
        continue;
      }
      // Two processes that stored the same bytes in the same moment: one row stands for both members.
      const isHeld = held.some((row) => row.digest === member.sha256 && row.transferSyntax === member.transferSyntax);
      if (!isHeld)
        this.#say({ code: 'row.missing', what: member.path, detail: `${held.length} other versions have rows` });
    }
  }
}

function differenceOf(row: MemberRow, member: RecordMember): string {
  const pairs = {
    length: [row.bytes, member.length],
    head: [row.head, member.head],
    digest: [row.digest, member.sha256],
    'transfer syntax': [row.transferSyntax, member.transferSyntax],
    'SOP class': [row.sopClass, member.sopClass],
  };
  const differing = Object.entries(pairs)
    .filter(([, [told, found]]) => told !== found)
    .map(([name]) => name);
  return differing.length === 0 ? '' : `the row has another ${differing.join(', ')}`;
}
