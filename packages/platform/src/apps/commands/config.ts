import { type Command, EXIT } from '../command.ts';
import { effectiveSettings } from '../config.ts';

export const configCommand: Command = {
  name: 'config',
  usage: '',
  summary: 'Print every setting as it applies, secrets withheld.',
  options: {},
  positionals: [0, 0],
  run: (_args, { print }) => {
    for (const setting of effectiveSettings()) {
      print(`${setting.env}=${setting.text}  # ${setting.from}`, setting);
    }
    return Promise.resolve(EXIT.done);
  },
};
