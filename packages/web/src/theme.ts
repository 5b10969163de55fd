import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core';

/** The green of the federal government's pages, from paper to ink. */
const verde: MantineColorsTuple = [
  '#edf5f2',
  '#d9e8e3',
  '#b3d2c8',
  '#8bbbac',
  '#69a794',
  '#4a917c',
  '#347b67',
  '#276958',
  '#1e5b4f',
  '#143f37',
];

export const theme = createTheme({
  colors: { verde },
  primaryColor: 'verde',
  primaryShade: { light: 8, dark: 5 },
  autoContrast: true,
  respectReducedMotion: true,
  defaultRadius: 'sm',
  cursorType: 'pointer',
  fontFamily:
    "'Noto Sans', 'Segoe UI', system-ui, -apple-system, 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif",
  fontFamilyMonospace: "'Noto Sans Mono', ui-monospace, 'Cascadia Mono', Menlo, 'Liberation Mono', monospace",
  headings: { fontWeight: '600' },
});

/** Quiet text still has a contrast of 4.5 to 1 on both grounds (WCAG 2.2, 1.4.3). */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#fbfbfa',
    '--mantine-color-text': '#1d2421',
    '--mantine-color-dimmed': '#5b635f',
    '--mantine-color-placeholder': '#6b736f',
    '--page-surface': '#ffffff',
    '--page-line': '#e3e6e4',
    '--page-hover': '#f3f6f5',
    '--page-accent': '#1e5b4f',
    '--page-warn': '#8a4b08',
    '--page-bad': '#a3241c',
    '--page-bar': '#69a794',
  },
  dark: {
    '--mantine-color-body': '#151817',
    '--mantine-color-text': '#e4e8e6',
    '--mantine-color-dimmed': '#a3aba7',
    '--mantine-color-placeholder': '#98a09c',
    '--page-surface': '#1c201e',
    '--page-line': '#2f3532',
    '--page-hover': '#242a27',
    '--page-accent': '#8bc4b3',
    '--page-warn': '#e7b26a',
    '--page-bad': '#f0968d',
    '--page-bar': '#4a917c',
  },
});
