import type { ResultObject } from '@acervo/model/results/result.ts';
import type { InferenceTask } from '../../ports/inference-tasks.ts';
import type { SilentResult } from '../../ports/silent.ts';

const LENGTH_BYTES = 4;

type Head = {
  v: 1;
  task: Omit<InferenceTask, 'studyKey'>;
  said: SilentResult['said'];
  objects: (Omit<ResultObject, 'file'> & { length: number })[];
};

/** What a silent file holds before it is sealed: the length of a head as 4 bytes, the head as JSON, the DICOM files. */
export function recordBytes({ studyKey: _studyKey, ...task }: InferenceTask, { said, objects }: SilentResult): Buffer {
  const told = objects.map(({ file, ...object }) => ({ ...object, length: file.length }));
  const head: Head = { v: 1, task, said, objects: told };
  const text = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text, ...objects.map(({ file }) => file)]);
}

/** The same, read again: of bytes that were opened, so nobody else wrote them. */
export function recordOf(bytes: Uint8Array): { task: Head['task'] } & SilentResult {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = LENGTH_BYTES + whole.readUInt32BE();
  const { task, said, objects } = JSON.parse(whole.subarray(LENGTH_BYTES, end).toString()) as Head;
  let at = end;
  return {
    task,
    said,
    objects: objects.map(({ length, ...object }) => {
      at += length;
      return { ...object, file: new Uint8Array(whole.subarray(at - length, at)) };
    }),
  };
}
