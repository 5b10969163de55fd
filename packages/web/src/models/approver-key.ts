import { keyName, provePossession } from '@acervo/model/lifecycle/approval.ts';
import { getJson, postJson } from '../api/fetch.ts';

/**
 * The key by which a person approves models from this browser: made here, not to be taken out of it, kept by person.
 * The archive knows its public half only.
 */
export type ApproverKey = { person: string; name: string; privateKey: CryptoKey };

const DATABASE = 'acervo';
const STORE = 'approver-keys';

function answered<T>(request: IDBRequest<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
  return promise;
}

async function inStore<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => void opening.result.createObjectStore(STORE, { keyPath: 'person' });
  const database = await answered(opening);
  try {
    return await answered(work(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

export const heldKey = (person: string): Promise<ApproverKey | undefined> =>
  inStore('readonly', (store) => store.get(person) as IDBRequest<ApproverKey | undefined>);

async function madeKey(person: string): Promise<ApproverKey> {
  const pair = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
  const key = { person, name: await keyName(pair.publicKey), privateKey: pair.privateKey };
  await inStore('readwrite', (store) => store.put(key));
  return key;
}

/**
 * The person's key in this browser; made and enrolled where there is none, or the archive takes that one no more.
 * @throws {Problem} where the archive does not enrol it
 */
export async function enrolledKey({ id, csrf }: { id: string; csrf: string }): Promise<ApproverKey> {
  const { signal } = new AbortController();
  type Enrolled = { keys: readonly { key: string; revokedAt: string | null }[] };
  const { keys } = (await getJson<Enrolled>('/api/approver-keys', signal)).body;
  const held = await heldKey(id);
  const known = keys.find(({ key }) => key === held?.name);
  if (held !== undefined && known !== undefined && known.revokedAt === null) return held;
  // One that was made and not enrolled, as when the network failed between, is enrolled now.
  const key = held !== undefined && known === undefined ? held : await madeKey(id);
  const at = new Date().toISOString();
  const proof = await provePossession({ persona: id, llave: key.name, momento: at }, key.privateKey);
  await postJson('/api/approver-keys', { key: key.name, at, proof }, { 'x-acervo-csrf': csrf });
  return key;
}
