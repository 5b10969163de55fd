import { loadConfig } from '@acervo/platform/apps/config.ts';
import { openIndex } from '@acervo/platform/apps/open-index.ts';
import { committee, demonstrate, limit, worldOver } from '@acervo/platform/features/governance/governance.fixture.ts';
import { silentLog } from '@acervo/testkit/postgres.ts';

// Everybody who has to signs, in the archive of a data directory that is being served, that a model is used at a site:
// for as many of its studies as a model in limited use may see.
const SHARE_MAX = 99;
const [dataDir = '', model = '', version = ''] = process.argv.slice(2);
const config = loadConfig({ ACERVO_DATA_DIR: dataDir, ACERVO_ACCESS: 'open' });
const { database, close } = await openIndex(config, { role: 'bench', connectionsMax: 4, log: silentLog });
const world = worldOver(database, new Date());
const people = await committee(world);
await demonstrate(world, people, 'silencioso', { model, version });
await limit(world, people, SHARE_MAX, { model, version });
await close();
