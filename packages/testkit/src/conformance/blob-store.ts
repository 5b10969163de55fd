import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import type { BlobStore } from '@acervo/platform/ports/blob-store.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (of: Uint8Array): string => new TextDecoder().decode(of);

/** What every BlobStore must do; each adapter's test calls it. */
export function blobStoreSuite(name: string, newStore: () => BlobStore): void {
  const read = async (store: BlobStore, file: string, offset: number, length: number): Promise<string> => {
    const reader = await store.open(file);
    const into = new Uint8Array(length);
    const filled = await reader.fill(into, offset);
    const got = text(await reader.read(offset, length).finally(() => reader.close()));
    assert.equal(text(into.subarray(0, filled)), got);
    return got;
  };

  test(`${name}: pieces are written where they are told to be`, async () => {
    const store = newStore();
    const writer = await store.create('0000/a.tar');
    assert.ok(writer);
    await writer.write([bytes('hello '), bytes('world')], 0);
    await writer.write([bytes('W')], 6);
    await writer.datasync();
    await writer.close();
    assert.equal(await read(store, '0000/a.tar', 0, 100), 'hello World');
    assert.equal(await read(store, '0000/a.tar', 6, 2), 'Wo');
    assert.equal(await read(store, '0000/a.tar', 11, 5), '');
    assert.equal(await store.sizeOf('0000/a.tar'), 11);
  });

  test(`${name}: more pieces than one system call takes`, async () => {
    const store = newStore();
    const writer = await store.create('many.tar');
    assert.ok(writer);
    const pieces = Array.from({ length: 2500 }, (_unused, index) => bytes(String(index % 10)));
    await writer.write(pieces, 0);
    await writer.close();
    assert.equal(await read(store, 'many.tar', 2490, 100), '0123456789');
  });

  test(`${name}: a name is created once`, async () => {
    const store = newStore();
    const writer = await store.create('0001/b.tar');
    assert.ok(writer);
    await writer.write([bytes('first')], 0);
    await writer.close();
    assert.equal(await store.create('0001/b.tar'), undefined);
    assert.equal(await read(store, '0001/b.tar', 0, 10), 'first');
  });

  test(`${name}: append goes on, truncate cuts, remove removes`, async () => {
    const store = newStore();
    await (await store.create('c.tar'))?.close();
    const writer = await store.append('c.tar');
    await writer.write([bytes('0123456789')], 0);
    await writer.truncate(4);
    await writer.datasync();
    await writer.close();
    assert.equal(await read(store, 'c.tar', 0, 100), '0123');
    await store.remove('c.tar');
    assert.equal(await store.sizeOf('c.tar'), undefined);
  });

  test(`${name}: names come in order; a missing one is a Failure`, async () => {
    const store = newStore();
    for (const file of ['0001/b', '0000/z', '0000/a']) await (await store.create(file))?.close();
    const names: string[] = [];
    for await (const file of store.list()) names.push(file);
    assert.deepEqual(names, ['0000/a', '0000/z', '0001/b']);
    await assert.rejects(
      store.open('0000/none'),
      (thrown) => thrown instanceof Failure && thrown.code === 'retrieve/damaged',
    );
    assert.ok((await store.freeBytes()) > 0);
  });
}
