import { PAGES } from '@acervo/interop/console/pages.ts';
import type { ToldFinding } from '../../../ports/assessment.ts';
import type { Governed, Stands } from './govern.ts';
import type { Answered } from './results.ts';

/** What the demo shows of AI. */
export type AiShown = { governed: Governed; answers: Answered[] };

/** Where to look further. @property acervo  how a command of the archive is called here */
export type Way = { http: string; acervo: string; hasViewer: boolean };

/** Lines of the summary, in Spanish. */
export function aiText({ governed, answers }: AiShown, { http, acervo, hasViewer }: Way): string[] {
  const { people, approvals, steps, stands } = governed;
  const found = answers.filter(({ objects }) => objects.length > 0);
  const first = found.find(({ objects }) => objects.includes('SEG')) ?? found[0];
  const [placed] = stands;
  const before = hasViewer ? '' : ' (antes: node bin/acervo ohif)';
  return [
    'IA en el archivo. DEMOSTRACIÓN: imágenes y modelos inventados, sin valor clínico.',
    '',
    ...stands.map(standLine),
    `  En la bitácora: ${steps} pasos, ${approvals} aprobaciones firmadas por ${people} personas distintas.`,
    '',
    'Qué encontró, leído de los informes (SR) y segmentaciones (SEG) guardados:',
    '',
    ...answers.flatMap(answerLines),
    '',
    ...(first === undefined
      ? []
      : [
          `Estudio   ${acervo} ai status ${first.studyUid}`,
          `Visor     ${http}/ohif/viewer?StudyInstanceUIDs=${first.studyUid}${before}`,
        ]),
    `Cola      ${acervo} ai queue`,
    ...(placed === undefined ? [] : [`Modelo    ${acervo} model state ${placed.model} ${placed.version}`]),
    ...pageLines(http),
  ];
}

function standLine({ model, version, site, state, percentage }: Stands): string {
  const share = percentage === null ? '' : `, ${percentage} % de los estudios`;
  return `  ${model} ${version}  ${site.padEnd(12)}  ${state}${share}`;
}

/** One for a study, then one for each thing that was found or not. */
function answerLines(answer: Answered): string[] {
  const { institution, modality, studyUid, es, reason, objects, findings, isAskedFor } = answer;
  const kept = objects.length === 0 ? '' : ` [${objects.join(', ')}]`;
  const why = reason === null ? '' : ` (${reason})`;
  return [
    `  ${modality} ${institution.padEnd(12)}  ${es}${why}${kept}`,
    ...(isAskedFor
      ? ['     fuera de la parte de los estudios que recibe el modelo: lo pidió la jefatura del sitio']
      : []),
    ...findings.map((finding) => `     ${findingText(finding)}`),
    `     ${studyUid}`,
  ];
}

/** Concept by UCUM unit: what a number of a report is. */
const CONCEPTS: Readonly<Record<string, string>> = { '%': 'certeza', mm3: 'volumen', mm2: 'área' };

function findingText({ es, isPositive, value, unit }: ToldFinding): string {
  const decided = isPositive === null ? [] : [isPositive ? 'presente' : 'ausente'];
  const measured = value === null ? [] : [`${CONCEPTS[unit ?? ''] ?? ''} ${amount(value, unit ?? '')}`.trim()];
  return `${es}: ${[...decided, ...measured].join(', ')}`;
}

const MM3_OF_ML = 1000;

/** Volumes in millilitres, as people say them. */
function amount(value: number, unit: string): string {
  const [shown, named] = unit === 'mm3' ? [value / MM3_OF_ML, 'mL'] : [value, unit];
  return `${shown.toLocaleString('es-MX', { maximumFractionDigits: 1 })} ${named}`;
}

/** Where the console has it. */
const pageLines = (http: string): string[] =>
  Object.values<string>(PAGES)
    .filter((path) => path === '/modelos')
    .map((path) => `Modelos   ${http}${path}`);
