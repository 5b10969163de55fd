import { parseContentType } from '@acervo/interop/dicomweb/media-type.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { z } from 'zod';
import { fileAnswer } from '../../../bindings/file-answer.ts';
import { type HttpAnswer, type HttpRequest, problemOf, type Route } from '../../../bindings/http.ts';
import { JSON_TYPE, jsonAnswer } from '../../../bindings/json-body.ts';
import { getJson, postJson } from '../../../bindings/json-route.ts';
import { chosen } from '../../../bindings/representation.ts';
import type { StagedPackage } from '../../../ports/models.ts';
import type { Op } from '../../../ports/op.ts';
import { addExternal, EXTERNAL, retireExternal } from './external.ts';
import { inventory, inventoryCsv } from './inventory.ts';
import { findFile, listModels, showModel, showVersion } from './show.ts';
import { listSigners, REVOCATION_BODY, revokeSigner, SIGNER_BODY, trustSigner } from './signers.ts';
import { type SubmitPorts, type Submitted, submitPackage } from './submit.ts';

const MULTIPART = 'multipart/form-data';
const ZIP = 'application/zip';
const CSV = 'text/csv';
const OCTETS = 'application/octet-stream';
const OFFERS = [
  { mediaType: JSON_TYPE, multipart: false, isDefault: true },
  { mediaType: CSV, multipart: false, isDefault: true },
];

/** @property take  lets few submissions in at a time */
export type RegistryPorts = SubmitPorts & { take<T>(work: () => Promise<T>): Promise<T> };

/** Packages of AI models, whose signature of them counts, and AI that runs elsewhere. Not in the standard. */
export function registryRoutes(ports: RegistryPorts): Route[] {
  return [...packageRoutes(ports), ...signerRoutes(ports), ...inventoryRoutes(ports)];
}

function packageRoutes(ports: RegistryPorts): Route[] {
  const { db, files } = ports;
  return [
    getJson(
      '/api/models',
      'Models and their versions: the nation’s, and those of the caller’s institutions',
      async (op) => ({
        models: await listModels(db, op),
      }),
    ),
    {
      method: 'POST',
      path: '/api/models',
      summary: 'Submit a package: each file a part whose filename is its path, or a ZIP archive of them',
      query: [{ name: 'owner', description: 'Whose model it is: an institution, * for the nation; the caller’s' }],
      consumes: [MULTIPART, ZIP],
      produces: [JSON_TYPE],
      handle: async (request, op) => {
        const owner = request.query.get('owner') ?? op.institution;
        return submitted(op, await ports.take(() => submitPackage(ports, op, owner, (to) => fill(request, to))));
      },
    },
    getJson('/api/models/:id', 'A model and its versions', (op, { params }) => showModel(db, op, params['id'] ?? '')),
    getJson(
      '/api/models/:id/versions/:version',
      'A package: manifest, golden cases, warnings, signers, digests of its files',
      (op, { params }) => showVersion(db, op, params['id'] ?? '', params['version'] ?? ''),
    ),
    {
      method: 'GET',
      path: '/api/models/:id/versions/:version/files/:digest',
      summary: 'A file of a package, by its SHA-256',
      produces: [OCTETS],
      handle: async ({ params: { id = '', version = '', digest = '' } }, op) => {
        const { sha256, sizeBytes } = await findFile(db, op, { id, version, sha256: digest });
        // Whatever it is, no browser shows it.
        const answer = fileAnswer(OCTETS, sha256, files.read(sha256));
        return { ...answer, headers: { ...answer.headers, 'content-length': String(sizeBytes) } };
      },
    },
  ];
}

function signerRoutes({ db }: RegistryPorts): Route[] {
  return [
    getJson(
      '/api/model-signers',
      'Keys whose signature of a package counts, and those that were revoked',
      async (op) => ({
        signers: await listSigners(db, op),
      }),
    ),
    post('/api/model-signers', 'Trust a key (Ed25519); by a person, of its own institution', SIGNER_BODY, (op, body) =>
      trustSigner(db, op, body),
    ),
    post(
      '/api/model-signers/:id/revoke',
      'Trust it no more; for compromise: nor anything that it signed before',
      REVOCATION_BODY,
      (op, body, { id = '' }) => revokeSigner(db, op, id, body),
    ),
  ];
}

function inventoryRoutes({ db }: RegistryPorts): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/ai-inventory',
      summary: 'Every AI that is known, here and inside modalities and PACS; as JSON, or as CSV to publish',
      produces: [JSON_TYPE, CSV],
      handle: async (request, op) => {
        const { mediaType } = chosen(request, OFFERS);
        const entries = await inventory(db, op);
        if (mediaType === JSON_TYPE) return jsonAnswer({ entries });
        return fileAnswer(`${CSV}; charset=utf-8; header=present`, 'registro-ia.csv', inventoryCsv(entries));
      },
    },
    post(
      '/api/ai-inventory/external',
      'Say that an AI runs elsewhere',
      z.toJSONSchema(EXTERNAL, { io: 'input' }),
      (op, body) => addExternal(db, op, body),
    ),
    post('/api/ai-inventory/external/:id/retire', 'It is in use no more', {}, (op, _, { id = '' }) =>
      retireExternal(db, op, id),
    ),
  ];
}

type Change = Parameters<typeof postJson>[2];

const post = (path: string, summary: string, bodySchema: object, change: Change): Route => ({
  ...postJson(path, summary, change),
  bodySchema,
});

/** What stands against a package is told whole, and at once: RFC 9457 with a member `findings`. */
function submitted(op: Op, outcome: Submitted): HttpAnswer {
  if (outcome.status !== 'refused')
    return { ...jsonAnswer(outcome), status: outcome.status === 'received' ? 201 : 200 };
  const { findings, digest } = outcome;
  const isVersion = findings.length === 1 && findings[0]?.code === 'model/version';
  const failure = new Failure(isVersion ? 'model/version' : 'model/refused', `${findings.length} findings`);
  const problem = problemOf(failure, op.id);
  op.log.warn('model.refused', { op: op.id, findings: findings.length });
  return { ...problem, body: JSON.stringify({ ...JSON.parse(String(problem.body)), digest, findings }) };
}

async function fill(request: HttpRequest, to: StagedPackage): Promise<void> {
  const type = parseContentType(request.headers['content-type']);
  if (type?.mediaType === ZIP) return to.unpack(request.body);
  if (type?.mediaType !== MULTIPART) throw new Failure('request/unsupported-type', `neither ${MULTIPART} nor ${ZIP}`);
  const boundary = type.parameters['boundary'];
  if (boundary === undefined) throw new Failure('request/invalid', `${MULTIPART} without a boundary`);
  for await (const part of request.parts(boundary)) {
    // RFC 7578 4.2: a part of a form is a file where it has a filename; here that is its path in the package.
    const path = /;\s*filename="([^"]*)"/i.exec(part.headers['content-disposition'] ?? '')?.[1];
    if (path === undefined) throw new Failure('request/invalid', 'a part without a filename');
    await to.put(path, part.body);
  }
}
