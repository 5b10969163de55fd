import type { SeedGiven } from '../../../features/directory/seed.ts';
import type { Role } from '../../../ports/directory.ts';
import { INSTITUTIONS } from './institutions.ts';

const { imss, issste, ssa } = INSTITUTIONS;
const EVERYWHERE = '*';

/** Numbers of CLUES that no establishment has: the catalogue does not come near them. */
const CLUES = { imss: 'DFIMS999001', issste: 'DFIST999001', ssa: 'JCSSA999001' } as const;
/** Of no edition of the catalogue: before there was one. */
const EDITION = '1900-01-01';

type Place = (typeof INSTITUTIONS)[keyof typeof INSTITUTIONS];

/** Invented people; names were put together for this file, no one is meant. Roles begin when they are first given. */
const person = (login: string, name: string, institution: Place, roles: readonly Role[], everywhere = false) => ({
  login,
  name,
  institution: institution.code,
  roles: roles.map((role) => ({ role, institution: everywhere ? EVERYWHERE : institution.code })),
});

const shown = (name: string): string => `${name} (DEMOSTRACIÓN)`;

/** Who signs for the demo's models: for the nation, and at each site that has them. */
const COMMITTEE = [
  person('comite.validacion', shown('Dra. Irene Sotomayor Peña'), ssa, ['validator'], true),
  person('comite.autoridad', shown('Dr. Julián Cárdenas Ochoa'), ssa, ['authority'], true),
  person('comite.datos', shown('Lic. Ofelia Quiñones Lara'), ssa, ['data-protection-officer'], true),
  person('comite.jefatura.imss', shown('Dra. Amparo Villaseñor Ríos'), imss, ['site-chief']),
  person('comite.fisica.imss', shown('Fís. Tomás Arriaga Núñez'), imss, ['medical-physicist']),
  person('comite.jefatura.hcg', shown('Dr. Gonzalo Peralta Zúñiga'), ssa, ['site-chief']),
  person('comite.fisica.hcg', shown('Fís. Renata Cigüeña Mora'), ssa, ['medical-physicist']),
];

/** What the demo says of its institutions and of who works there; said again, it changes nothing. */
export const DIRECTORY: SeedGiven = {
  institutions: [
    { code: imss.code, name: imss.name, state: '09', facilities: [CLUES.imss] },
    { code: issste.code, name: issste.name, state: '09', facilities: [CLUES.issste] },
    { code: ssa.code, name: ssa.name, state: '14', facilities: [CLUES.ssa] },
  ],
  facilities: [
    { clues: CLUES.imss, institution: 'IMS', name: imss.name, state: '09', edition: EDITION },
    { clues: CLUES.issste, institution: 'IST', name: issste.name, state: '09', edition: EDITION },
    { clues: CLUES.ssa, institution: 'SSA', name: ssa.name, state: '14', edition: EDITION },
  ],
  people: [
    person('radiologia.imss', 'Dra. Ximena Patiño Ñuflo', imss, ['radiologist']),
    person('jefatura.imss', 'Dr. Óscar Güereña Íñigo', imss, ['radiologist', 'site-chief']),
    person('tecnico.imss', 'Noé Cedeño Piña', imss, ['technician']),
    person('radiologia.issste', 'Dr. Efrén Sañudo Lúa', issste, ['radiologist']),
    person('fisica.issste', 'Mtra. Inés Argüelles Peña', issste, ['medical-physicist']),
    person('radiologia.hcg', 'Dra. Begoña Treviño Ávila', ssa, ['radiologist']),
    person('expedientes.hcg', 'Saúl Rentería Muñoz', ssa, ['steward']),
    person('datos.hcg', 'Lic. Martha Briseño Zúñiga', ssa, ['data-protection-officer']),
    person('validacion', 'Dra. Lucía Ordóñez Cigüeña', ssa, ['validator'], true),
    person('autoridad', 'Dr. Raúl Ibáñez Núñez', ssa, ['authority'], true),
    person('auditoria', 'C.P. Sofía Castañeda Yáñez', issste, ['auditor'], true),
    person('administracion', 'Ing. Íñigo Acuña Márquez', imss, ['administrator'], true),
    ...COMMITTEE,
  ],
};
