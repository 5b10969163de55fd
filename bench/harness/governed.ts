import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runAcervo } from '../../test/harness/archive-process.ts';
import { authorOf, signedFiles, soundFiles } from '../../test/harness/model-packages.ts';
import type { Bench } from '../row.ts';
import type { Acervo } from './acervo.ts';

/** Where the model may run: the site of those who sign. */
export const SITE = 'HOSPITAL-A';
export const DEADLINE_MINUTES = 600;
const VERSION = '1.0.0';
const WORKER = join(import.meta.dirname, 'govern.worker.ts');
/** Of the demo: what it is called, and what it is for. */
const MODELS = {
  'cr-opacidad': { id: 'mx.acervo.demo.cr-opacidad', modality: 'CR' },
  'tc-densidad': { id: 'mx.acervo.demo.tc-densidad', modality: 'CT' },
} as const;

export type ModelName = keyof typeof MODELS;

/**
 * Take a model into use in a running archive, as people do: its package is signed, submitted and judged, everybody who
 * has to signs, and a rule sends studies of its modality to it.
 */
export async function takeIntoUse(bench: Bench, { dataDir }: Pick<Acervo, 'dataDir'>, name: ModelName): Promise<void> {
  const { id, modality } = MODELS[name];
  const author = await authorOf();
  const folder = join(bench.scratch, `package-${name}`);
  await signedFiles(folder, await soundFiles(name), author);
  const [key, rule] = [`${folder}.pem`, `${folder}-rule.json`];
  writeFileSync(key, author.pem);
  const scope = { modality: [modality] };
  const deadlineMinutes = DEADLINE_MINUTES;
  writeFileSync(
    rule,
    JSON.stringify({ effect: 'run', id: name, institution: SITE, model: id, scope, deadlineMinutes }),
  );
  await run(dataDir, ['model', 'signer', 'add', key, '--holder', 'bench', '--national']);
  await run(dataDir, ['model', 'submit', folder, '--national']);
  const signing = spawn(process.execPath, [WORKER, dataDir, id, VERSION], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = (await once(signing, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${WORKER} ended with ${code}`);
  await run(dataDir, ['ai', 'rules', 'add', rule]);
}

async function run(dataDir: string, words: readonly string[]): Promise<void> {
  const { code, out, err } = await runAcervo(dataDir, words, { ACERVO_LOG_LEVEL: 'warn' });
  if (code !== 0) throw new Error(`acervo ${words.join(' ')}: ${code}\n${out.slice(-1000)}${err.slice(-1000)}`);
}

/** One figure of GET /metrics; 0 where there is none yet. @param name  with its labels */
export async function metricOf({ http, headers }: Acervo, name: string): Promise<number> {
  const text = await (await fetch(`${http}/metrics`, { headers })).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

type Told = { state: string; deadline: string; endedAt: string | null; results: readonly string[] };

/** What the archive says of AI and a study, once it has an end. @returns undefined where no model is for it */
export async function endOf(acervo: Acervo, study: string, msMax: number): Promise<Told | undefined> {
  const until = performance.now() + msMax;
  let told: Told | undefined;
  while (performance.now() < until) {
    const answer = await fetch(`${acervo.http}/api/ai/studies/${study}`, { headers: acervo.headers });
    if (!answer.ok) throw new Error(`what AI said of a study: ${answer.status} ${await answer.text()}`);
    const { studies } = (await answer.json()) as { studies: { tasks: Told[] }[] };
    [told] = studies[0]?.tasks ?? [];
    if (told?.endedAt != null) return told;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  if (told === undefined) return undefined;
  throw new Error(`a task did not end within ${msMax} ms: ${told.state}`);
}

/** When it ended the archive says itself; to ask more often costs it what is measured. */
const POLL_MS = 250;
