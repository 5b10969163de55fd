import { Failure } from '@acervo/kernel/failure.ts';
import { linkPatients, unlinkPatient } from '../../features/patients/link.ts';
import { resolveSome } from '../../features/patients/resolve.ts';
import {
  type CollisionShown,
  type PatientShown,
  type Ports,
  showCollisions,
  showPatients,
} from '../../features/patients/show.ts';
import { patientOfRef } from '../../holdings/patient.ts';
import { Recorder } from '../../journal/recorder.ts';
import type { Op } from '../../ports/op.ts';
import { loadAccess } from '../access.ts';
import { type Command, type CommandArgs, type CommandContext, EXIT, type ExitCode, textOption } from '../command.ts';
import { openIndex } from '../open-index.ts';

const CONNECTIONS_MAX = 3;

export const patientCommand: Command = {
  name: 'patient',
  usage:
    'show ID [--issuer ISSUER] | link PATIENT PATIENT --reason TEXT | unlink PATIENT --reason TEXT | ' +
    'collisions | resolve [--json]',
  summary: `Show patients by any identifier, and say which of them are one person.
PATIENT is INSTITUTION/ISSUER/ID as show prints it. A valid CURP links by itself, soon after a study came to a serving
process, or by resolve; collisions are what a steward has to decide: by link, or by unlink, which keeps apart.
Exit codes: 0 done, 1 it failed.`,
  options: { issuer: { type: 'string' }, reason: { type: 'string' } },
  positionals: [1, 3],
  run: runPatient,
};

type Given = { args: CommandArgs; context: CommandContext; ports: Ports; op: Op };
type Verb = { positionals: number; run(given: Given): Promise<void> };

const VERBS: Readonly<Record<string, Verb>> = {
  show: { positionals: 1, run: show },
  link: { positionals: 2, run: link },
  unlink: { positionals: 1, run: unlink },
  collisions: { positionals: 0, run: collisions },
  resolve: { positionals: 0, run: resolve },
};

async function runPatient(args: CommandArgs, context: CommandContext): Promise<ExitCode> {
  const [name = '', ...rest] = args.positionals;
  const verb = VERBS[name];
  if (verb === undefined || verb.positionals !== rest.length) {
    throw new Failure('request/invalid', `usage: acervo patient ${patientCommand.usage}`);
  }
  const { config, log, signal } = context;
  const { database, close } = await openIndex(config, { role: 'patient', connectionsMax: CONNECTIONS_MAX, log });
  const journal = new Recorder(database, log, config.accessFoldMs);
  try {
    const op = loadAccess(config, log).ofCommand('patient').openOp(signal);
    await verb.run({ args: { ...args, positionals: rest }, context, ports: { db: database, journal }, op });
    return EXIT.done;
  } finally {
    await journal.close();
    await close();
  }
}

async function show({ args, context, ports, op }: Given): Promise<void> {
  const [id = ''] = args.positionals;
  const patients = await showPatients(ports, op, { id, issuer: textOption(args, 'issuer') });
  if (patients.length === 0) context.print('No patient has this identifier.');
  for (const patient of patients) context.print(patientText(patient), patient);
}

async function link({ args, context, ports, op }: Given): Promise<void> {
  const [a = '', b = ''] = args.positionals;
  const { changed } = await linkPatients(ports.db, op, [patientOfRef(a), patientOfRef(b)], reasonOf(args));
  context.print(changed.length === 0 ? 'They were linked already.' : `Linked: ${changed.join(', ')}`, { changed });
}

async function unlink({ args, context, ports, op }: Given): Promise<void> {
  const [ref = ''] = args.positionals;
  const { changed } = await unlinkPatient(ports.db, op, patientOfRef(ref), reasonOf(args));
  context.print(`Kept apart: ${changed.join(', ')}`, { changed });
}

async function collisions({ context, ports, op }: Given): Promise<void> {
  const waiting = await showCollisions(ports, op);
  if (waiting.length === 0) context.print('Nothing waits for a decision.');
  for (const collision of waiting) context.print(collisionText(collision), collision);
}

async function resolve({ context, ports, op }: Given): Promise<void> {
  let studies = 0;
  for (let some = 1; some > 0 && !op.signal.aborted; studies += some) some = await resolveSome(ports.db, op);
  context.print(`${studies} studies were looked at.`, { studies });
}

function reasonOf(args: CommandArgs): string {
  const reason = textOption(args, 'reason')?.trim() ?? '';
  if (reason === '') throw new Failure('request/invalid', 'say why: --reason TEXT');
  return reason;
}

function patientText({
  patient,
  names,
  birthDates,
  sexes,
  identifiers,
  studies,
  linked,
  collisions: open,
}: PatientShown) {
  return [
    patient,
    `  ${[names.join(' | '), birthDates.join(' | '), sexes.join(' | ')].join(', ')}; ${studies} studies`,
    ...identifiers.map(({ issuer, id, type }) => `  ${id} of ${issuer || 'nobody known'}${type && `, ${type}`}`),
    ...linked.map((each) => `  is ${each.patient}, by ${each.evidence}, since ${each.since}`),
    ...open.map((each) => `  ${collisionText(each)}`),
  ].join('\n');
}

const collisionText = ({ patient, kind, differs, other }: CollisionShown): string =>
  `${kind} collision: ${patient}${other === undefined ? '' : ` and ${other}`}: ${differs.join(', ')}`;
