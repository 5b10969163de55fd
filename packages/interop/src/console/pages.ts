/**
 * Addresses of the console's pages. The server answers each with the same document, the browser shows the page: a
 * page can be loaded anew and bookmarked.
 */
export const PAGES = {
  studies: '/',
  models: '/modelos',
  incidents: '/incidentes',
  activity: '/activity',
  devices: '/devices',
  storage: '/storage',
} as const;

export type Page = keyof typeof PAGES;
