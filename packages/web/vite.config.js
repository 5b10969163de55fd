// Plain JavaScript: it is read by scripts/build-page.js, too.

/** @type {import('vite').UserConfig} */
export const config = {
  root: import.meta.dirname,
  configFile: false,
  logLevel: 'warn',
  // Nothing inline: the page's policy allows scripts of its own files only.
  build: {
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      // Marks for servers that render components, which are of no use here.
      onLog: (level, log, tell) => {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') tell(level, log);
      },
    },
  },
};
