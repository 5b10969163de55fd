import { writeFileSync } from 'node:fs';
import { stateByInegi } from '@acervo/interop/mexico/states.ts';
import type { InstitutionGiven, SubjectGiven } from '../../features/directory/description.ts';
import { facilitiesBegun } from '../../features/directory/directory.repo.ts';
import { importFacilities } from '../../features/directory/facilities.ts';
import { describeInstitution } from '../../features/directory/institutions.ts';
import { importSeed, readSeedText, SEED_PARTS, seedText } from '../../features/directory/seed.ts';
import {
  clearSensitive,
  markSensitive,
  type SensitivityChange,
  showSensitivities,
} from '../../features/directory/sensitivity.ts';
import { EXIT, type ExitCode, isGiven, textOption } from '../command.ts';
import { bytesAt, type Desk, pairsOf, type Verb } from './directory-desk.ts';

const FIELDS = ['name', 'state', 'facilities'] as const;
const FOUND_MAX = 100;

export const catalogueVerbs: Readonly<Record<string, Verb>> = {
  'institutions list': { words: [0, 0], run: listInstitutions },
  'institutions add': { words: [1, 1 + FIELDS.length], run: addInstitution },
  'facilities import': { words: [1, 1], run: importCatalogue },
  'facilities find': { words: [1, 1], run: findFacilities },
  'sensitivity list': { words: [0, 1], run: listSensitivities },
  'sensitivity mark': {
    words: [2, 2],
    run: async (desk) => toldMark(desk, await markSensitive(desk.db, desk.op, subjectOf(desk))),
  },
  'sensitivity clear': {
    words: [2, 2],
    run: async (desk) => toldMark(desk, await clearSensitive(desk.db, desk.op, subjectOf(desk))),
  },
  seed: { words: [1, 1], run: seed },
  export: { words: [1, 1], run: exportFile },
};

function listInstitutions({ directory, context: { print } }: Desk): Promise<ExitCode> {
  for (const institution of directory.institutions()) {
    const { code, name, state = '', facilities = [] } = institution;
    const place = stateByInegi(state)?.name ?? 'federal';
    print(`${code.padEnd(24)} ${name} (${place}) ${facilities.join(' ')}`.trim(), institution);
  }
  return Promise.resolve(EXIT.done);
}

async function addInstitution({ db, op, directory, words, context: { print } }: Desk): Promise<ExitCode> {
  const [code = '', ...pairs] = words;
  const { facilities, ...given } = pairsOf(pairs, FIELDS);
  const described = {
    ...directory.institution(code),
    code,
    ...given,
    ...(facilities !== undefined && { facilities: facilities.split(',').map((clues) => clues.trim()) }),
  };
  const change = await describeInstitution(db, op, described as InstitutionGiven);
  print(`${change.how} ${change.institution}`, change);
  return EXIT.done;
}

async function importCatalogue({ db, op, args, words, context: { print } }: Desk): Promise<ExitCode> {
  const options = { edition: textOption(args, 'edition') ?? '', isDryRun: isGiven(args, 'dry-run') };
  const done = await importFacilities(db, op, bytesAt(words[0] ?? ''), options);
  const { skipped, ...summary } = done;
  for (const { line, reason } of skipped) print(`line ${line} skipped: ${reason}`, { line, reason });
  const { edition, added, changed, unchanged } = summary;
  print(
    `edition ${edition}: ${added} added, ${changed} changed, ${unchanged} as they were, ${skipped.length} skipped` +
      `${options.isDryRun ? '; nothing was done' : ''}`,
    { summary: { ...summary, skipped: skipped.length, isDryRun: options.isDryRun } },
  );
  return skipped.length === 0 ? EXIT.done : EXIT.partly;
}

async function findFacilities({ db, words, context: { print } }: Desk): Promise<ExitCode> {
  for (const { revision: _, ...facility } of await facilitiesBegun(db, words[0] ?? '', FOUND_MAX)) {
    const { clues, institution, name, state, edition } = facility;
    print(`${clues} ${institution} ${name} (${stateByInegi(state)?.name}) as of ${edition}`, facility);
  }
  return EXIT.done;
}

async function listSensitivities({ db, op, words, context: { print } }: Desk): Promise<ExitCode> {
  for (const { revision: _, ...mark } of await showSensitivities(db, op, words[0])) {
    const { institution, label, issuer, patientId, studyUid, at } = mark;
    const of =
      studyUid === '' ? `patient ${patientId} of ${issuer === '' ? institution : issuer}` : `study ${studyUid}`;
    print(`${institution} ${label} ${of} since ${at}`, mark);
  }
  return EXIT.done;
}

function subjectOf({ args, words }: Desk): SubjectGiven {
  const [institution, label] = words;
  const [patientId, issuer, study] = ['patient', 'issuer', 'study'].map((name) => textOption(args, name));
  return { institution, label, patientId, issuer, study, reason: textOption(args, 'reason') ?? '' } as SubjectGiven;
}

function toldMark({ context: { print } }: Desk, change: SensitivityChange): ExitCode {
  print(`${change.how} ${change.label} at ${change.institution}`, change);
  return EXIT.done;
}

async function seed({ db, op, args, words, context: { print } }: Desk): Promise<ExitCode> {
  const isDryRun = isGiven(args, 'dry-run');
  const given = readSeedText(new TextDecoder().decode(bytesAt(words[0] ?? '')));
  const changes = await importSeed(db, op, given, { isDryRun });
  const lines = SEED_PARTS.map((part) => {
    const { added, changed, unchanged } = changes[part];
    return `${part}: ${added} added, ${changed} changed, ${unchanged} as they were`;
  });
  print([...lines, ...(isDryRun ? ['nothing was done'] : [])].join('\n'), { summary: { ...changes, isDryRun } });
  return EXIT.done;
}

async function exportFile({ db, directory, words, context: { print } }: Desk): Promise<ExitCode> {
  const [path = ''] = words;
  const text = await seedText(directory, db);
  if (path === '-') process.stdout.write(text);
  else {
    writeFileSync(path, text, { mode: 0o600 });
    print(`the directory is in ${path}`, { file: path });
  }
  return EXIT.done;
}
