import { existsSync } from 'node:fs';
import { isValidUid } from '@acervo/dicom/uid.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { packageFolder } from '../../adapters/fs/package-folder.ts';
import { readImageFile } from '../../features/models/images.ts';
import { checkPackage } from '../../features/models/intake.ts';
import { PackageFiles } from '../../features/models/registry/package-files.ts';
import { reproduce } from '../../features/models/reproduce.ts';
import { loadAccess } from '../access.ts';
import { blobStores, openArchive } from '../archive.ts';
import { type Command, type CommandArgs, type CommandContext, EXIT, type ExitCode, textOption } from '../command.ts';
import { reproduceHeld } from '../reproduce-held.ts';
import { bytesOf, imagesIn, openModel, withRunPorts } from './model-files.ts';

const CONNECTIONS_MAX = 2;

export const resultCommand: Command = {
  name: 'result',
  usage: 'reproduce UID | reproduce FILE.dcm --package DIR --images DIR',
  summary: `Compute a result of a model again, and hold what comes out against its bytes.
reproduce  UID: a report or segmentation of the archive (SOP Instance UID), by the package that made it and the images
           that it names, as the archive has them. FILE.dcm: without an archive, by the package and images of folders.
Exit codes: 0 every byte of its data set is the same, 3 it is not: the first difference, or the image that is gone or
has changed, is named.`,
  options: { package: { type: 'string' }, images: { type: 'string' } },
  positionals: [2, 2],
  run: async (args, context) => {
    const [verb, named = ''] = args.positionals;
    if (verb !== 'reproduce') throw new Failure('request/invalid', `acervo result ${resultCommand.usage}`);
    return isValidUid(named) && !existsSync(named) ? ofArchive(named, context) : ofFile(named, args, context);
  },
};

async function ofFile(file: string, args: CommandArgs, { config, signal, print }: CommandContext): Promise<ExitCode> {
  const [folder, images] = [textOption(args, 'package'), textOption(args, 'images')];
  if (folder === undefined || images === undefined) {
    throw new Failure('request/invalid', `acervo result ${resultCommand.usage}`);
  }
  const object = readImageFile(file, await bytesOf(file));
  const of = openModel(await checkPackage(packageFolder(folder), []));
  const files = await imagesIn(images);
  const answer = await withRunPorts(config, (ports) => reproduce(object, of, files, ports, signal));
  print(`${answer.isSame ? 'reproduced' : 'not reproduced'} ${answer.sopInstanceUid}: ${answer.what}`, answer);
  return answer.isSame ? EXIT.done : EXIT.damaged;
}

async function ofArchive(uid: string, { config, log, signal, print }: CommandContext): Promise<ExitCode> {
  const archive = await openArchive(config, { role: 'result', connectionsMax: CONNECTIONS_MAX, log });
  try {
    const op = loadAccess(config, log).ofCommand('result').openOp(signal);
    const packages = new PackageFiles(blobStores(config).modelBlobs);
    const answer = await reproduceHeld({ archive, packages, op }, uid, (work) => withRunPorts(config, work));
    const { model, version, task } = answer.madeBy;
    const said = answer.isSame ? 'reproduced' : 'not reproduced';
    print(`${said} ${uid}: ${answer.what} (${model}@${version}, task ${task})`, answer);
    return answer.isSame ? EXIT.done : EXIT.damaged;
  } finally {
    await archive.close();
  }
}
