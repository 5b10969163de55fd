import { once } from 'node:events';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { associateRq, type Heard, RawPeer } from '@acervo/platform/adapters/net/dimse.fixture.ts';
import type { SmallObject } from '@acervo/testkit/fixtures/small-object.ts';
import type { ArchiveProcess } from './archive-process.ts';

/** The presentation context of what `rawAssociation` proposes for its object; 1 is verification. */
export const OBJECT_CONTEXT = 3;

/** A connection to the DIMSE port on which any bytes can be said. */
export async function rawConnection(t: TestContext, { dimsePort }: ArchiveProcess): Promise<RawPeer> {
  const socket = connect(dimsePort, '127.0.0.1');
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return new RawPeer(socket);
}

/** The same with an association for the class of an object. */
export async function rawAssociation(t: TestContext, archive: ArchiveProcess, of: SmallObject): Promise<RawPeer> {
  const peer = await rawConnection(t, archive);
  const verification = associateRq().presentationContexts[0];
  if (verification === undefined) throw new Error('the fixture proposes verification first');
  peer.write(
    associateRq({
      presentationContexts: [
        verification,
        { id: OBJECT_CONTEXT, abstractSyntax: of.sopClassUid, transferSyntaxes: [of.transferSyntaxUid] },
      ],
    }),
  );
  const answer = await peer.hear();
  if (answer.kind !== 'associate-ac') throw new Error(`answered ${JSON.stringify(answer)}`);
  return peer;
}

/** The next thing heard that is not a data set. */
export async function heardOf(peer: RawPeer): Promise<Heard> {
  for (;;) {
    const heard = await peer.hear();
    if (heard.kind !== 'data') return heard;
  }
}
