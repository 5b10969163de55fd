// Writes the packages of the demo's two models below a folder, unsigned: `acervo model pack` signs them.
import { join } from 'node:path';
import { packageFolder } from '@acervo/platform/adapters/fs/package-folder.ts';
import { PIXEL_LIMITS, PixelPool } from '@acervo/platform/adapters/pixel/pool.ts';
import { demoPackages } from '@acervo/platform/apps/demo/models/build.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: scripts/build-demo-models.ts FOLDER');
const imaging = new PixelPool({ ...PIXEL_LIMITS, workers: 1, kept: 0 });
for (const { name, files } of await demoPackages(imaging)) {
  for (const [path, bytes] of files) await packageFolder(join(folder, name)).write(path, bytes);
  process.stdout.write(`${join(folder, name)}: ${files.size} files\n`);
}
await imaging.close();
