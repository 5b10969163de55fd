import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';
import type { Sql } from '../../ports/sql.ts';
import { type ClientRow, findClient } from './clients.repo.ts';
import { digestOf } from './cookie.ts';
import {
  consumePayload,
  deletePayload,
  deletePayloadsOfGrant,
  findPayload,
  findPayloadByUid,
  putPayload,
  type StoredPayload,
} from './payload.repo.ts';
import type { SecretBox } from './secret-box.ts';

/** Where the embedded issuer keeps what it must not forget: rows of the database, sealed, found by a digest. */
export function payloadAdapter(sql: Sql, box: SecretBox): AdapterFactory {
  return (model) => (model === 'Client' ? clientAdapter(sql) : adapterOf(model, sql, box));
}

function adapterOf(model: string, sql: Sql, box: SecretBox): Adapter {
  const use = `oidc ${model}`;
  const opened = (stored: StoredPayload | undefined): AdapterPayload | undefined => {
    const plain = stored && box.open(use, stored.payload);
    if (plain === undefined) return undefined;
    const payload = JSON.parse(plain.toString()) as AdapterPayload;
    return stored?.consumedAt == null ? payload : { ...payload, consumed: Math.floor(stored.consumedAt) };
  };
  return {
    upsert: (id, payload, expiresIn) =>
      putPayload(sql, {
        model,
        id: digestOf(id),
        payload: box.seal(use, Buffer.from(JSON.stringify(payload))),
        grantId: payload.grantId ?? null,
        uid: payload.uid ?? null,
        account: payload.accountId ?? null,
        expiresInS: expiresIn ?? null,
      }),
    find: async (id) => opened(await findPayload(sql, model, digestOf(id))),
    findByUid: async (uid) => opened(await findPayloadByUid(sql, model, uid)),
    // Codes for devices that have no browser: the flow is not offered.
    findByUserCode: () => Promise.resolve(undefined),
    consume: async (id) => {
      // Two exchanges of one code may both have read it as unused: only the first goes on.
      if (!(await consumePayload(sql, model, digestOf(id)))) throw new Error(`${model} was consumed before`);
    },
    destroy: (id) => deletePayload(sql, model, digestOf(id)),
    revokeByGrantId: (grantId) => deletePayloadsOfGrant(sql, model, grantId),
  };
}

/** Clients are described by `acervo login clients`, never by the issuer itself. */
function clientAdapter(sql: Sql): Adapter {
  const refuse = (): Promise<never> => Promise.reject(new Error('clients are not written by the issuer'));
  const nothing = (): Promise<undefined> => Promise.resolve(undefined);
  return {
    find: async (id) => metadataOf(await findClient(sql, id)),
    upsert: refuse,
    consume: refuse,
    destroy: refuse,
    revokeByGrantId: refuse,
    findByUid: nothing,
    findByUserCode: nothing,
  };
}

function metadataOf(row: ClientRow | undefined): AdapterPayload | undefined {
  if (row === undefined) return undefined;
  if (row.kind === 'system') {
    return {
      client_id: row.id,
      client_name: row.id,
      // Its digest: the issuer compares digests (issuer.ts).
      ...(row.secret !== null && { client_secret: row.secret }),
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_basic',
    };
  }
  return {
    client_id: row.id,
    client_name: row.id,
    application_type: 'native',
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: row.redirectUris,
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };
}
