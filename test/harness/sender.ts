import { type Association, connect } from '@acervo/platform/adapters/net/dimse-client.ts';
import type { SmallObject } from '@acervo/testkit/fixtures/small-object.ts';
import type { ArchiveProcess } from './archive-process.ts';

/** An association of our own SCU, which sends data sets verbatim. */
export function associate(
  archive: Pick<ArchiveProcess, 'dimsePort' | 'aeTitle'>,
  objects: readonly Pick<SmallObject, 'sopClassUid' | 'transferSyntaxUid'>[],
  callingAet = 'TESTSCU',
  signal: AbortSignal = new AbortController().signal,
  timeoutMs = 60_000,
): Promise<Association> {
  const pairs = new Map(
    objects.map(({ sopClassUid, transferSyntaxUid }) => [
      `${sopClassUid} ${transferSyntaxUid}`,
      {
        abstractSyntax: sopClassUid,
        transferSyntaxes: [transferSyntaxUid],
      },
    ]),
  );
  return connect({
    host: '127.0.0.1',
    port: archive.dimsePort,
    callingAet,
    calledAet: archive.aeTitle,
    contexts: [...pairs.values()],
    timeoutMs,
    signal,
  });
}
