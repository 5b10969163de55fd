import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** Debian's place of the plugin that makes Orthanc a DICOMweb server and client. */
const DICOM_WEB_PLUGIN = '/usr/share/orthanc/plugins/libOrthancDicomWeb.so';
const READY_MS = 20_000;
const POLL_MS = 50;

/** A running Orthanc on ports of its own, which knows an archive as its modality and its DICOMweb server. */
export type Orthanc = {
  dicomPort: number;
  /** Ask its REST API. @returns what it answers, which must be JSON unless `as` says otherwise */
  ask<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** The bytes of a resource. */
  bytes(path: string): Promise<Uint8Array>;
};

export type OrthancPeers = {
  dimse: { aeTitle: string; port: number };
  dicomWebUrl: string;
  /** Where it listens for associations; any free one unless said. */
  dicomPort?: number;
};

/** The name under which Orthanc knows the archive. */
export const ARCHIVE = 'acervo';
export const ORTHANC_AET = 'ORTHANC';

/** Start Orthanc in a folder; ends with the test. */
export async function startOrthanc(t: TestContext, folder: string, peers: OrthancPeers): Promise<Orthanc> {
  const [httpPort, dicomPort] = [await freePort(), peers.dicomPort ?? (await freePort())];
  const config = join(folder, 'orthanc.json');
  writeFileSync(
    config,
    JSON.stringify({
      Name: 'peer',
      StorageDirectory: join(folder, 'orthanc'),
      IndexDirectory: join(folder, 'orthanc'),
      HttpPort: httpPort,
      DicomPort: dicomPort,
      DicomAet: ORTHANC_AET,
      AuthenticationEnabled: false,
      RemoteAccessAllowed: false,
      StorageCompression: false,
      SyncStorageArea: false,
      Plugins: [DICOM_WEB_PLUGIN],
      DicomModalities: { [ARCHIVE]: [peers.dimse.aeTitle, '127.0.0.1', peers.dimse.port] },
      DicomWeb: { Enable: true, Root: '/dicom-web/', Servers: { [ARCHIVE]: { Url: peers.dicomWebUrl } } },
    }),
  );
  const child = spawn('Orthanc', [config], { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const http = `http://127.0.0.1:${httpPort}`;
  await ready(http, () => log);
  const request = async (method: string, path: string, body?: unknown): Promise<Response> => {
    const isBytes = body instanceof Uint8Array;
    const answer = await fetch(http + path, {
      method,
      ...(body !== undefined && { body: isBytes ? new Uint8Array(body) : JSON.stringify(body) }),
    });
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}\n${log.slice(-2000)}`);
    return answer;
  };
  return {
    dicomPort,
    ask: async <T>(method: string, path: string, body?: unknown) =>
      (await (await request(method, path, body)).json()) as T,
    bytes: async (path) => new Uint8Array(await (await request('GET', path)).arrayBuffer()),
  };
}

/** A port that was free a moment ago: Orthanc cannot be told to choose one. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

async function ready(http: string, log: () => string): Promise<void> {
  const until = performance.now() + READY_MS;
  while (performance.now() < until) {
    const answer = await fetch(`${http}/system`).catch(() => undefined);
    if (answer?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`Orthanc did not become ready\n${log().slice(-4000)}`);
}
