import { RULES, type RuleId } from '@acervo/model/lifecycle/rules.ts';

/** Rules have their words where they are judged: the page says the same as the report. */
const wordsOf = (language: 0 | 1): Record<RuleId, string> =>
  Object.fromEntries(Object.entries(RULES).map(([id, words]) => [id, words[language]])) as Record<RuleId, string>;

export const esRules = wordsOf(0);
export const enRules = wordsOf(1);

/** Rules whose words are a refusal, said as what a step asks for. */
export const esRequirements = {
  'G09/documents': 'La documentación del modelo está completa',
  'G11/clinical': 'El modelo se declara como demostración',
  'G11/demonstration': 'El modelo no es una demostración',
  'G11/registration': 'Tiene registro sanitario o protocolo de investigación',
  'G12/risk': 'Todo riesgo residual es aceptable',
  'G14/licence': 'La licencia permite el uso clínico',
  'G26/leakage': 'No hay datos de entrenamiento en el banco nacional',
  'G37/national': 'El estado nacional lo permite',
  'G37/percentage': 'Un porcentaje de 1 a 99',
  'G37/previous': 'Se reanuda en el estado anterior a la suspensión',
  'G50/corrective-action': 'Causa raíz y acción correctiva',
  'G56/replacement': 'Otra versión en uso toma su lugar',
  'G56/rollback': 'La versión anterior sigue aprobada',
  'G57/retirement': 'Motivo, y destino de los datos',
  'G58/incident': 'No hay incidentes graves abiertos',
  'G67/golden': 'Los casos de referencia se reproducen',
  'G67/intake': 'El paquete pasó la recepción: firma, estructura y operaciones',
} satisfies Partial<Record<RuleId, string>>;

export const enRequirements: Record<keyof typeof esRequirements, string> = {
  'G09/documents': 'The documents of the model are complete',
  'G11/clinical': 'The model says that it is a demonstration',
  'G11/demonstration': 'The model is no demonstration',
  'G11/registration': 'It has a sanitary registration or a research protocol',
  'G12/risk': 'Every residual risk is acceptable',
  'G14/licence': 'The licence permits clinical use',
  'G26/leakage': 'No training data within the benchmark',
  'G37/national': 'The national state permits it',
  'G37/percentage': 'A percentage of 1 to 99',
  'G37/previous': 'What is resumed is what was suspended',
  'G50/corrective-action': 'Root cause and corrective action',
  'G56/replacement': 'Another version in use takes its place',
  'G56/rollback': 'The former version is still approved',
  'G57/retirement': 'Reason, and what becomes of the data',
  'G58/incident': 'No open serious incidents',
  'G67/golden': 'Golden cases are reproduced',
  'G67/intake': 'The package passed intake: signature, structure, operators',
};
