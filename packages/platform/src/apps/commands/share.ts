import { endSharing, makeAgreement, refer } from '../../features/sharing/change.ts';
import { type Command, textOption } from '../command.ts';
import { listOf, required, runVerb, tell, type Verbs, validityOf } from './sharing-desk.ts';

const listed = (text: string | undefined): string[] | undefined => text?.split(',').map((each) => each.trim());

const SHARE: Verbs = {
  agree: {
    words: [2, 2],
    run: async (desk) => {
      const { db, op, args, words } = desk;
      const [owner, receiver] = words;
      const modalities = listed(textOption(args, 'modality'));
      const [from, to] = [textOption(args, 'from'), textOption(args, 'to')];
      const shared = await makeAgreement(db, op, {
        owner,
        receiver,
        purposes: listed(required(args, 'purpose')),
        validity: validityOf(args),
        reference: required(args, 'reference'),
        ...(modalities && { modalities }),
        ...(from !== undefined && { from }),
        ...(to !== undefined && { to }),
      });
      tell(desk, 'agreed', shared);
    },
  },
  end: {
    words: [1, 1],
    run: async (desk) => tell(desk, 'ended', await endSharing(desk.db, desk.op, 'agreement', desk.words[0] ?? '')),
  },
  list: listOf(['agreement']),
};

export const shareCommand: Command = {
  name: 'share',
  usage: `agree OWNER RECEIVER --purpose TREATMENT,... --reference TEXT [--modality CT,MR] [--from DAY] [--to DAY]
       [--valid-from DAY] [--valid-until DAY] | end ID | list [INSTITUTION] [--json]`,
  summary: `One institution shares its studies with another one: those that have a modality, of a stretch of Study Date,
for some purposes of use, for as long as the agreement is valid. A study is shared whole, also the series of other
modalities in it. RECEIVER sees them at once in a running server, and nothing of them when it ends.
Exit codes: 0 done, 1 it failed, 2 the command line was not understood.`,
  options: {
    purpose: { type: 'string' },
    reference: { type: 'string' },
    modality: { type: 'string' },
    from: { type: 'string' },
    to: { type: 'string' },
    'valid-from': { type: 'string' },
    'valid-until': { type: 'string' },
  },
  positionals: [1, 3],
  run: (args, context) => runVerb(shareCommand, SHARE, args, context),
};

const REFER: Verbs = {
  patient: {
    words: [4, 4],
    run: async (desk) => {
      const { db, op, args, words } = desk;
      const [owner, receiver, issuer, patientId] = words;
      const validity = validityOf(args);
      const shared = await refer(db, op, {
        owner,
        receiver,
        issuer,
        patientId,
        reason: required(args, 'reason'),
        validity,
      });
      tell(desk, 'referred', shared);
    },
  },
  end: {
    words: [1, 1],
    run: async (desk) => tell(desk, 'ended', await endSharing(desk.db, desk.op, 'referral', desk.words[0] ?? '')),
  },
  list: listOf(['referral']),
};

export const referCommand: Command = {
  name: 'refer',
  usage: `patient OWNER RECEIVER ISSUER PATIENT-ID --reason TEXT [--valid-from DAY] [--valid-until DAY] | end ID |
       list [INSTITUTION] [--json]`,
  summary: `One institution sends a patient to another one, which then sees all that it has of that patient.
Exit codes: 0 done, 1 it failed, 2 the command line was not understood.`,
  options: { reason: { type: 'string' }, 'valid-from': { type: 'string' }, 'valid-until': { type: 'string' } },
  positionals: [1, 5],
  run: (args, context) => runVerb(referCommand, REFER, args, context),
};
