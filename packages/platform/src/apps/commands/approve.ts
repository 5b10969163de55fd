import { Failure } from '@acervo/kernel/failure.ts';
import { isApproval, provePossession, readApproval, signApproval } from '@acervo/model/lifecycle/approval.ts';
import { makeApproverKey, openApproverKey } from '../approver-key-file.ts';
import { type Command, type CommandArgs, type CommandContext, EXIT, type ExitCode } from '../command.ts';
import { readPrivateFile } from '../private-file.ts';
import { bytesAt } from './directory-desk.ts';
import { required } from './sharing-desk.ts';

/** Of whoever approves, on his own machine: it needs no archive, and no archive gets the key. */
export const approveCommand: Command = {
  name: 'approve',
  usage: `keygen FILE --passphrase-file FILE | enrolment PERSON --key FILE --passphrase-file FILE |
       sign DOCUMENT --key FILE --passphrase-file FILE [--json]`,
  summary: `Keys and signatures of those who approve models, made on their own machine; no archive is asked.
keygen     an Ed25519 key in FILE, sealed by a passphrase; prints its public half.
enrolment  what POST /api/approver-keys takes to bind the key to PERSON (the id of the directory), for ten minutes.
sign       DOCUMENT ("-": standard input) is the text that the archive proposes; prints what POST .../approvals takes.
Read the document before: what is signed is what it says, to the byte.
Exit codes: 0 done, 1 it failed, 2 the command line was not understood.`,
  options: { key: { type: 'string' }, 'passphrase-file': { type: 'string' } },
  positionals: [2, 2],
  run: runApprove,
};

async function runApprove(args: CommandArgs, { print }: CommandContext): Promise<ExitCode> {
  const [verb = '', subject = ''] = args.positionals;
  if (!['keygen', 'enrolment', 'sign'].includes(verb)) return EXIT.usage;
  const passphrase = passphraseOf(args);
  if (verb === 'keygen') {
    const { name } = await makeApproverKey(subject, passphrase);
    print(name, { key: name });
    return EXIT.done;
  }
  const { name, privateKey } = await openApproverKey(required(args, 'key'), passphrase);
  if (verb === 'enrolment') {
    const at = new Date().toISOString();
    const proof = await provePossession({ persona: subject, llave: name, momento: at }, privateKey);
    const told = { key: name, at, proof };
    print(JSON.stringify(told), told);
    return EXIT.done;
  }
  const told = await signedText(new TextDecoder().decode(bytesAt(subject)).replace(/\n$/, ''), name, privateKey);
  print(JSON.stringify(told), told);
  return EXIT.done;
}

export type SignedDocument = { document: string; signature: string; key: string };

/** @throws {Failure} request/invalid for a text that is no canonical approval */
export async function signedText(text: string, key: string, privateKey: CryptoKey): Promise<SignedDocument> {
  const signature = await signApproval(text, privateKey);
  if (!isApproval(await readApproval({ text, signature, key }))) {
    throw new Failure('request/invalid', 'no aprobacion/v1 in canonical JSON');
  }
  return { document: text, signature, key };
}

/** @throws {Failure} config/invalid where others may read it */
export const passphraseOf = (args: CommandArgs): string =>
  readPrivateFile(required(args, 'passphrase-file'), '--passphrase-file').replace(/\r?\n$/, '');
