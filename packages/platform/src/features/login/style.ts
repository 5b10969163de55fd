/** Where the pages' own style sheet is: none of it is inline. */
export const STYLE_PATH = '/login/style.css';

/** The colours of the console (packages/web/src/theme.ts). */
export const STYLE = `
:root { color-scheme: light dark; --ground: #fbfbfa; --ink: #1d2421; --quiet: #5b635f;
  --surface: #fff; --line: #cfd5d2; --accent: #1e5b4f; --on-accent: #fff; --bad: #a3241c; --bad-ground: #fdf1f0; }
@media (prefers-color-scheme: dark) { :root { --ground: #151817; --ink: #e4e8e6; --quiet: #a3aba7; --surface: #1c201e;
  --line: #46504c; --accent: #8bc4b3; --on-accent: #10201b; --bad: #f0968d; --bad-ground: #2c1a19; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); line-height: 1.5;
  font-family: 'Noto Sans', 'Segoe UI', system-ui, -apple-system, 'Liberation Sans', Arial, sans-serif; }
main { max-width: 27rem; margin: 8vh auto 3rem; padding: 2rem; background: var(--surface);
  border: 1px solid var(--line); border-radius: 8px; }
header { margin-bottom: 1.5rem; padding-bottom: 1rem; border-bottom: 1px solid var(--line); }
header p { margin: 0; }
.brand { font-size: 1.25rem; font-weight: 600; color: var(--accent); }
.tagline, .hint, small, dt { color: var(--quiet); font-size: 0.875rem; }
h1 { margin: 0 0 1rem; font-size: 1.375rem; }
h2 { margin: 1.5rem 0 0.5rem; font-size: 1.0625rem; }
h3 { margin: 1.25rem 0 0.25rem; font-size: 1rem; }
.field { margin: 1rem 0; }
label { display: block; margin-bottom: 0.25rem; font-weight: 600; }
input { width: 100%; padding: 0.625rem 0.75rem; font: inherit; color: inherit; background: var(--ground);
  border: 1px solid var(--quiet); border-radius: 4px; }
.hint { margin: 0.25rem 0 0; }
button, .button { display: block; width: 100%; margin-top: 1.25rem; padding: 0.6875rem 1rem; font: inherit;
  font-weight: 600; text-align: center; text-decoration: none; color: var(--on-accent); background: var(--accent);
  border: 1px solid var(--accent); border-radius: 4px; cursor: pointer; }
.quiet { color: var(--accent); background: transparent; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.alert { margin: 0 0 1rem; padding: 0.625rem 0.75rem; color: var(--bad); background: var(--bad-ground);
  border-left: 4px solid var(--bad); }
.keys { padding: 0; list-style: none; }
.keys li { padding: 0.75rem 0; border-bottom: 1px solid var(--line); }
.keys p { margin: 0; }
button:disabled { opacity: 0.6; cursor: default; }
.who { font-weight: 600; }
dl { margin: 0; }
dd { margin: 0 0 0.75rem; }
code { font-family: 'Noto Sans Mono', ui-monospace, Menlo, 'Liberation Mono', monospace; }
.secret { font-size: 1.0625rem; letter-spacing: 0.03em; }
.uri { font-size: 0.75rem; overflow-wrap: anywhere; }
.codes { display: grid; grid-template-columns: 1fr 1fr; gap: 0.375rem 1rem; padding: 0; list-style: none; }
@media (max-width: 30rem) { main { margin: 0; min-height: 100vh; border: 0; border-radius: 0; }
  .codes { grid-template-columns: 1fr; } }
`;
