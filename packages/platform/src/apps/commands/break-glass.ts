import { breakGlass, reviewGlass } from '../../features/sharing/change.ts';
import { type Command, textOption } from '../command.ts';
import { listOf, required, runVerb, tell, type Verbs } from './sharing-desk.ts';

const VERBS: Verbs = {
  open: {
    words: [2, 2],
    run: async (desk) => {
      const { db, op, args, words } = desk;
      const [person, owner] = words;
      required(args, 'for');
      const studyUid = textOption(args, 'study');
      const subject =
        studyUid === undefined
          ? { issuer: required(args, 'issuer'), patientId: required(args, 'patient') }
          : { studyUid };
      const minutes = textOption(args, 'minutes');
      const asked = { owner, subject, reason: required(args, 'reason'), ...(minutes && { minutes: Number(minutes) }) };
      tell(desk, 'broken', await breakGlass(db, op, asked, person));
    },
  },
  review: {
    words: [1, 1],
    run: async (desk) => {
      const { db, op, args, words } = desk;
      tell(desk, 'reviewed', await reviewGlass(db, op, words[0] ?? '', required(args, 'finding')));
    },
  },
  list: listOf(['glass']),
};

export const breakGlassCommand: Command = {
  name: 'break-glass',
  usage: `open PERSON OWNER (--study UID | --issuer ISSUER --patient ID) --for INSTITUTION --reason TEXT [--minutes N] |
       review ID --finding TEXT | list [INSTITUTION] [--open] [--json]`,
  summary: `What a person looks at although it may not, for four hours unless said, and to be answered for.
Persons break glass for themselves in the archive; open does it for one who cannot, by its id in the directory, acting
for an institution. list --open is what waits for the second look of the data-protection officer; review takes it.
Exit codes: 0 done, 1 it failed, 2 the command line was not understood.`,
  options: {
    study: { type: 'string' },
    issuer: { type: 'string' },
    patient: { type: 'string' },
    for: { type: 'string' },
    reason: { type: 'string' },
    minutes: { type: 'string' },
    finding: { type: 'string' },
    open: { type: 'boolean' },
  },
  positionals: [1, 3],
  run: (args, context) => runVerb(breakGlassCommand, VERBS, args, context),
};
