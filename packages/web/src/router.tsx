import { PAGES } from '@acervo/interop/console/pages.ts';
import { createRootRoute, createRoute, createRouter } from '@tanstack/react-router';
import { ActivityPage } from './activity/activity-page.tsx';
import { DevicesPage } from './devices/devices-page.tsx';
import { IncidentsPage } from './incidents/incidents-page.tsx';
import { ModelsPage } from './models/models-page.tsx';
import { Shell } from './shell/shell.tsx';
import { StoragePage } from './storage/storage-page.tsx';
import { StudiesPage } from './studies/studies-page.tsx';

const root = createRootRoute({ component: Shell });
const children = [
  createRoute({ getParentRoute: () => root, path: PAGES.studies, component: StudiesPage }),
  createRoute({
    getParentRoute: () => root,
    path: PAGES.models,
    component: ModelsPage,
    validateSearch: ({ model, version }: Record<string, unknown>): { model?: string; version?: string } =>
      model === undefined || version === undefined ? {} : { model: String(model), version: String(version) },
  }),
  createRoute({ getParentRoute: () => root, path: PAGES.incidents, component: IncidentsPage }),
  createRoute({ getParentRoute: () => root, path: PAGES.activity, component: ActivityPage }),
  createRoute({ getParentRoute: () => root, path: PAGES.devices, component: DevicesPage }),
  createRoute({ getParentRoute: () => root, path: PAGES.storage, component: StoragePage }),
] as const;

export const router = createRouter({ routeTree: root.addChildren(children) });

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
