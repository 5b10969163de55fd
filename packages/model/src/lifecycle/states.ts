/** States of a package for the nation. `borrador`: the archive does not have it yet. */
export const NATIONAL_STATES = [
  'borrador',
  'recibido',
  'documentado',
  'validacion_nacional',
  'aprobado_nacional',
  'en_revision',
  'demostracion',
  'suspendido',
  'rechazado',
  'retirado',
] as const;
export type NationalState = (typeof NATIONAL_STATES)[number];

/** States of a package at a site. `sustituido`: another version of the same model took its place. */
export const SITE_STATES = [
  'no_instalado',
  'instalado',
  'silencioso',
  'limitado',
  'general',
  'sustituido',
  'suspendido',
  'retirado',
] as const;
export type SiteState = (typeof SITE_STATES)[number];

export type State = NationalState | SiteState;

/** Of the nation, or of one site. */
export type Scope = 'nacional' | 'sitio';
/** Where a package begins that nothing was decided about. */
export const INITIAL = { nacional: 'borrador', sitio: 'no_instalado' } as const satisfies Record<Scope, State>;

/** What is shown of the archive only, and what is for patients. A package is on one track for good. */
export type Track = 'clinico' | 'demostracion';

/** Roles of the directory (decision record 0029) that have a part in the life of a model. */
export type SigningRole =
  | 'validator'
  | 'authority'
  | 'data-protection-officer'
  | 'regulatory-liaison'
  | 'site-chief'
  | 'medical-physicist';

/** Where a role for the nation is held: at all institutions. */
export const NATION = '*';
