import { Failure } from '@acervo/kernel/failure.ts';
import { packageFolder } from '../../adapters/fs/package-folder.ts';
import { readImageFile } from '../../features/models/images.ts';
import { checkPackage } from '../../features/models/intake.ts';
import { reproduce } from '../../features/models/reproduce.ts';
import { type Command, EXIT, textOption } from '../command.ts';
import { bytesOf, imagesIn, openModel, withRunPorts } from './model-files.ts';

export const resultCommand: Command = {
  name: 'result',
  usage: 'reproduce FILE.dcm --package DIR --images DIR',
  summary: `Compute a result of a model again, without an archive.
reproduce  runs the package on the images that the report or segmentation names, with its own time, and holds what comes
           out against its bytes.
Exit codes: 0 every byte of its data set is the same, 3 it is not: the first difference is named.`,
  options: { package: { type: 'string' }, images: { type: 'string' } },
  positionals: [2, 2],
  run: async (args, { config, signal, print }) => {
    const [verb, file = ''] = args.positionals;
    const [folder, images] = [textOption(args, 'package'), textOption(args, 'images')];
    if (verb !== 'reproduce' || folder === undefined || images === undefined) {
      throw new Failure('request/invalid', `acervo result ${resultCommand.usage}`);
    }
    const object = readImageFile(file, await bytesOf(file));
    const of = openModel(await checkPackage(packageFolder(folder), []));
    const files = await imagesIn(images);
    const answer = await withRunPorts(config, (ports) => reproduce(object, of, files, ports, signal));
    print(`${answer.isSame ? 'reproduced' : 'not reproduced'} ${answer.sopInstanceUid}: ${answer.what}`, answer);
    return answer.isSame ? EXIT.done : EXIT.damaged;
  },
};
