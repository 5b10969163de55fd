import { type Association, connect } from '@acervo/platform/adapters/net/dimse-client.ts';
import type { Secure } from '@acervo/platform/adapters/net/tls-caller.ts';
import type { SmallObject } from '@acervo/testkit/fixtures/small-object.ts';
import type { ArchiveProcess } from './archive-process.ts';

/** An association of our own SCU, which sends data sets verbatim. */
export function associate(
  archive: Pick<ArchiveProcess, 'dimsePort' | 'aeTitle'> & { secure?: Secure },
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
    ...(archive.secure && { secure: archive.secure }),
    callingAet,
    calledAet: archive.aeTitle,
    contexts: [...pairs.values()],
    timeoutMs,
    signal,
  });
}
