import { blobStoreSuite } from '@acervo/testkit/conformance/blob-store.ts';
import { forgetfulBlobStore } from '@acervo/testkit/fakes/forgetful-blob-store.ts';
import { diskDirectory } from '@acervo/testkit/postgres.ts';
import { fileBlobStore } from './blob-store.ts';

blobStoreSuite('files', () => fileBlobStore(diskDirectory()));
blobStoreSuite('forgetful, with power', forgetfulBlobStore);
