import { textsOf } from '@acervo/dicom/data-set/access.ts';
import type { DataSet, Tag } from '@acervo/dicom/data-set/model.ts';
import { T } from '@acervo/dicom/tags.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { Manifest } from '@acervo/model/manifest/manifest.ts';
import { type OutOfScope, selectedImages, tagsOf } from '@acervo/model/manifest/select.ts';
import {
  type HeldInstance,
  type HeldSeries,
  type HeldStudy,
  listInstances,
  listSeries,
  pageInstances,
} from '../../holdings/find.repo.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { LENT_BYTES_MAX } from '../../holdings/segment-files.ts';
import { storedDataSet } from '../../holdings/stored-data-set.ts';
import type { LentBytes } from '../../ports/blob-store.ts';
import type { InferenceTask, InputFile } from '../../ports/inference-tasks.ts';

type Ports = Pick<Holdings, 'db' | 'files'>;

/** Of one task, instances whose headers are looked at. */
const INSTANCES_MAX = 5_000;
/** Of one series, images whose View Position is looked at to route it. */
const VIEWED_MAX = 8;
/** What rules compare is shorter. */
const VALUE_BYTES_MAX = 1_024;

async function headerOf({ files }: Ports, instance: HeldInstance, tags: ReadonlySet<Tag>): Promise<DataSet> {
  const { dataSet } = await storedDataSet(files, instance).read({
    keep: (tag, _vr, length = 0, depth) => depth === 0 && tags.has(tag) && length <= VALUE_BYTES_MAX,
    valueBytesMax: VALUE_BYTES_MAX,
  });
  return dataSet;
}

async function seriesOf({ db }: Ports, study: HeldStudy, uids: readonly string[]): Promise<HeldSeries[]> {
  return (await listSeries(db, study)).filter(({ seriesUid }) => uids.includes(seriesUid));
}

const VIEW: ReadonlySet<Tag> = new Set([T.ViewPosition]);

/** View Position (0018,5101) of the first images of a series, each once. */
export async function viewsOf(
  ports: Ports,
  study: HeldStudy,
  of: Pick<HeldSeries, 'seriesKey' | 'seriesUid'>,
): Promise<string[]> {
  const views = new Set<string>();
  const series: HeldSeries = { ...study, ...of, charsetDefault: '', instanceCount: 0, lastStored: '' };
  for (const instance of await pageInstances(ports.db, series, undefined, VIEWED_MAX)) {
    const { elements } = await headerOf(ports, instance, VIEW);
    for (const view of textsOf(elements.get(T.ViewPosition))) views.add(view.trim().toUpperCase());
  }
  views.delete('');
  return [...views];
}

/**
 * The objects that the manifest selects of a task's series, to be read, or the rule of the manifest that has none of
 * them. Headers are looked at one by one; what is not selected is never read.
 * @throws {Failure} model/limit: more than memory is given for; retrieve/damaged, retrieve/elsewhere, parse/...
 */
export async function inputOf(
  ports: Ports,
  task: InferenceTask,
  { inputs }: Manifest,
  bytesMax: number,
  signal: AbortSignal,
): Promise<InputFile[] | OutOfScope> {
  const [input] = inputs;
  if (input === undefined) throw new Failure('model/manifest', 'no inputs');
  const tags = new Set(tagsOf(input.select));
  const looked: { instance: HeldInstance; seriesUid: string; dataSet: DataSet }[] = [];
  for (const series of await seriesOf(ports, task, task.series)) {
    for (const instance of await listInstances(ports.db, series)) {
      signal.throwIfAborted();
      if (looked.length >= INSTANCES_MAX) throw new Failure('model/limit', `more than ${INSTANCES_MAX} instances`);
      looked.push({ instance, seriesUid: series.seriesUid, dataSet: await headerOf(ports, instance, tags) });
    }
  }
  const chosen = selectedImages(input.select, looked);
  if ('rule' in chosen) return chosen;
  const bytes = chosen.reduce((sum, { instance }) => sum + instance.fileBytes, 0);
  if (bytes > bytesMax) throw new Failure('model/limit', `an input of ${bytes} bytes, at most ${bytesMax}`);
  return chosen.map(({ instance: { segment, fileAt, fileBytes, sopUid } }) => ({
    sopInstanceUid: sopUid,
    length: fileBytes,
    parts: () => lentParts(ports.files, segment, { at: fileAt, length: fileBytes }),
  }));
}

/** @throws {Failure} retrieve/damaged, retrieve/elsewhere */
async function* lentParts(
  files: Holdings['files'],
  segment: number,
  { at, length }: { at: number; length: number },
): AsyncGenerator<LentBytes> {
  for (let from = 0; from < length; from += LENT_BYTES_MAX)
    yield await files.lend(segment, at + from, Math.min(LENT_BYTES_MAX, length - from));
}
