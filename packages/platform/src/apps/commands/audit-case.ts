import { chmodSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { isValidUid } from '@acervo/dicom/uid.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { targetFolder } from '../../adapters/fs/target-folder.ts';
import { makeCaseFile } from '../../features/case-file/case-file.ts';
import { readableFrom } from '../../holdings/elsewhere.ts';
import { SegmentFiles } from '../../holdings/segment-files.ts';
import { Recorder } from '../../journal/recorder.ts';
import { accessesIn } from '../case-accesses.ts';
import { isGiven, textOption, textsOption } from '../command.ts';
import { openDirectory } from '../directory.ts';
import { openRegistry } from '../registry.ts';
import { whoIsIn } from '../who-is.ts';
import type { OpenedAudit } from './audit.ts';
import { numberOf } from './audit-files.ts';

const OPEN_SEGMENTS_MAX = 4;
const REASON = 'acervo audit case';

/** `acervo audit case`: a study's case file, for who owns the archive's files. */
export async function writeCase({ args, context, index, sealing, op }: OpenedAudit): Promise<void> {
  const [study = ''] = args.positionals;
  const to = textOption(args, 'to');
  if (!isValidUid(study)) throw new Failure('request/invalid', 'give a Study Instance UID');
  if (to === undefined) throw new Failure('request/invalid', 'give --to FILE');
  const { database: db, blobs, journalBlobs, node } = index;
  const { config, log } = context;
  const [{ systems }, directory] = await Promise.all([openRegistry(config, db, log), openDirectory(db, log)]);
  const files = new SegmentFiles(readableFrom(node, blobs, db), OPEN_SEGMENTS_MAX);
  const journal = new Recorder(db, log, config.accessFoldMs);
  try {
    const made = await makeCaseFile(
      {
        db,
        journalBlobs,
        files,
        journal,
        journalKeys: sealing.keys,
        signJournal: () => sealing.checkpoint(),
        accessesOf: accessesIn({ db, journalBlobs }, whoIsIn(systems, directory)),
      },
      op,
      {
        study,
        institution: textOption(args, 'institution'),
        reason: textOption(args, 'reason')?.trim() || REASON,
        withObjects: isGiven(args, 'with-objects'),
        since: textsOption(args, 'since').map(numberOf),
      },
    );
    const path = resolve(to);
    const bytes = await targetFolder(dirname(path)).put(basename(path), made.bytes());
    // Only whoever runs the command may read what it says of a patient.
    chmodSync(path, 0o600);
    const { lines, objects, checkpoint } = made;
    const under = `under checkpoint ${checkpoint.number} of ${checkpoint.size}`;
    const text = `${lines} events and ${objects} objects ${under}, in ${to}`;
    context.print(text, { events: lines, objects, checkpoint: checkpoint.number, size: checkpoint.size, bytes });
  } finally {
    await journal.close();
    await files.close();
  }
}
