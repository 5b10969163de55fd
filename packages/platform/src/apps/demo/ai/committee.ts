import type { SigningRole, State } from '@acervo/model/lifecycle/states.ts';
import { INSTITUTIONS } from '../sample/institutions.ts';

/** Of demonstrations no more than limited use is possible (decision 0043): nearly all studies. */
export const PERCENTAGE = 99;

export const CR_MODEL = { model: 'mx.acervo.demo.cr-opacidad', version: '1.0.0' } as const;
export const CT_MODEL = { model: 'mx.acervo.demo.tc-densidad', version: '1.0.0' } as const;

const VALIDATOR = 'comite.validacion';
const AUTHORITY = 'comite.autoridad';
const OFFICER = 'comite.datos';

/** Logins of a site's own people. */
type Site = { site: string; chief: string; physicist: string };
const IMSS: Site = {
  site: INSTITUTIONS.imss.code,
  chief: 'comite.jefatura.imss',
  physicist: 'comite.fisica.imss',
};
const HCG: Site = { site: INSTITUTIONS.ssa.code, chief: 'comite.jefatura.hcg', physicist: 'comite.fisica.hcg' };

/** Who reads everything of the life-cycle. */
export const READER = AUTHORITY;

export type Placed = { model: string; version: string; modality: 'CR' | 'CT'; sites: readonly Site[] };

/** Which model is for which modality, and who has it. */
export const PLACED: readonly Placed[] = [
  { ...CR_MODEL, modality: 'CR', sites: [IMSS, HCG] },
  { ...CT_MODEL, modality: 'CT', sites: [HCG] },
];

export type Signing = { login: string; role: SigningRole };
/** A step of the life-cycle: who signs for it, and who takes it. */
export type Step = {
  to: State;
  /** Undefined: for the nation. */
  site?: string;
  percentage?: number;
  by: string;
  signed: readonly Signing[];
};

const NATIONAL: readonly Step[] = [
  { to: 'recibido', by: VALIDATOR, signed: [] },
  {
    to: 'demostracion',
    by: AUTHORITY,
    signed: [
      { login: VALIDATOR, role: 'validator' },
      { login: AUTHORITY, role: 'authority' },
      { login: OFFICER, role: 'data-protection-officer' },
    ],
  },
];

function stepsAt({ site, chief, physicist }: Site): Step[] {
  const signs: Signing = { login: chief, role: 'site-chief' };
  return [
    { to: 'instalado', site, by: chief, signed: [] },
    { to: 'silencioso', site, by: chief, signed: [signs] },
    {
      to: 'limitado',
      site,
      percentage: PERCENTAGE,
      by: chief,
      signed: [signs, { login: physicist, role: 'medical-physicist' }],
    },
  ];
}

/** From reception to limited use at its sites, in order. */
export const stepsOf = ({ sites }: Placed): Step[] => [...NATIONAL, ...sites.flatMap(stepsAt)];

/** Logins of everybody who has a part in it. */
export const LOGINS: readonly string[] = [
  ...new Set(PLACED.flatMap(stepsOf).flatMap(({ by, signed }) => [by, ...signed.map(({ login }) => login)])),
];

/** The rule by which the studies of a site go to its model: said by its chief. */
export const ruleOf = ({ model, modality }: Placed, { site }: Site) => ({
  effect: 'run',
  id: `demostracion-${modality.toLowerCase()}`,
  institution: site,
  model,
  scope: { modality: [modality], bodyPart: ['CHEST'] },
  deadlineMinutes: 60,
});
