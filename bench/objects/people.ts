import { createRandom } from '@acervo/kernel/random.ts';

/** Common in Mexico (INEGI), accents and all; the persons are made up. */
const SURNAMES = `
  Hernández García Martínez López González Pérez Rodríguez Sánchez Ramírez Cruz Flores Gómez Morales Vázquez
  Jiménez Reyes Díaz Torres Gutiérrez Ruiz Mendoza Aguilar Ortiz Moreno Castillo Romero Álvarez Méndez Chávez
  Rivera Juárez Ramos Domínguez Herrera Medina Castro Vargas Guzmán Velázquez Muñoz Peña Núñez Ibáñez Zúñiga Acuña
  Castañeda Ordóñez Güemes Íñiguez Ávila`
  .trim()
  .split(/\s+/);
const GIVEN_NAMES = `
  María José, Juan Carlos, María Guadalupe, José Luis, Juana, Francisco Javier, Verónica, Jesús,
  Margarita, Miguel Ángel, Rosa María, Alejandro, Leticia, Ángel, Sofía, Iván, Begoña, Raúl, Mónica,
  Óscar, Lucía, Andrés, Inés, Íñigo, Concepción, Julián, Rocío, Belén, Adrián, Asunción, Víctor, Noé,
  Ximena, Efrén, Itzel, Citlali, Yolanda
`
  .trim()
  .split(/,\s+/);

export type Patient = { name: string; id: string; birthDate: string; sex: 'F' | 'M' };

/** The patient of a number: the same one each time. */
export function patientOf(number: number): Patient {
  const random = createRandom(`patient ${number}`);
  const two = (value: number): string => String(value).padStart(2, '0');
  return {
    name: `${random.pick(SURNAMES)} ${random.pick(SURNAMES)}^${random.pick(GIVEN_NAMES)}`,
    id: `NSS${String(10_000_000 + number)}`,
    birthDate: `${1930 + random.below(90)}${two(1 + random.below(12))}${two(1 + random.below(28))}`,
    sex: random.chance(0.54) ? 'F' : 'M',
  };
}
