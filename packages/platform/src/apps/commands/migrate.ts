import { type Command, EXIT } from '../command.ts';
import { openConfiguredDatabase } from '../open-database.ts';

export const migrateCommand: Command = {
  name: 'migrate',
  usage: '',
  summary: 'Bring the index database to the schema of this version.',
  options: {},
  positionals: [0, 0],
  run: async (_args, { config, log, print }) => {
    const database = await openConfiguredDatabase(config, { role: 'migrate', connectionsMax: 2, log });
    await database.close();
    print('The database is at the schema of this version.', { migrated: true });
    return EXIT.done;
  },
};
