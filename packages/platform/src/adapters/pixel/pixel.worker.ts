import { parentPort } from 'node:worker_threads';
import { PIXEL_CODINGS } from '@acervo/dicom/pixel/codings.ts';
import { pictureOf } from '@acervo/dicom/pixel/picture.ts';
import { toFailure } from '@acervo/kernel/failure.ts';
import { decodeFrame } from './decode-frame.ts';
import { asRgb, encodeFrame } from './encode-frame.ts';
import { encodePicture } from './encode-picture.ts';
import type { PixelReply, PixelTask } from './pool.ts';

/** One task after the other: the pool sends the next when the last was answered. */
parentPort?.on('message', (task: PixelTask) => {
  void work(task).then((reply) => {
    const transfer = reply.kind === 'done' && reply.bytes.buffer instanceof ArrayBuffer ? [reply.bytes.buffer] : [];
    parentPort?.postMessage(reply, transfer);
  });
});

async function work(task: PixelTask): Promise<PixelReply> {
  try {
    const native = await decodeFrame(task.frame);
    if (task.kind === 'picture') {
      const bytes = await encodePicture(pictureOf(native, task.request.presentation), task.request);
      return { kind: 'done', bytes: own(bytes), description: native.description };
    }
    const isDct =
      PIXEL_CODINGS.get(task.frame.transferSyntaxUid) === 'jpeg' &&
      native.description.photometricInterpretation === 'YBR_FULL';
    const { bytes, description } = await encodeFrame(isDct ? asRgb(native) : native, task.toSyntax);
    return { kind: 'done', bytes: own(bytes), description };
  } catch (thrown) {
    const { code, detail } = toFailure(thrown);
    return { kind: 'failed', code, detail };
  }
}

/** Bytes in memory of their own, which can be given away: a small Buffer shares its pool with others. */
function own(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}
