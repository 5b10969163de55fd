import type { Feature } from '../../bindings/feature.ts';
import type { Db } from '../../ports/sql.ts';
import { sharingRoutes } from './sharing.route.ts';

/** What institutions share with each other, and what persons look at beyond that. */
export const sharingFeature = (db: Db): Feature => ({ name: 'sharing', routes: sharingRoutes(db), services: [] });
