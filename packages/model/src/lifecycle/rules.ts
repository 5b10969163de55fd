/**
 * Every rule by which a step is refused, with the requirement that it follows from (ai-platform.md 4), in the words of
 * those who read the refusal. An id changes with its meaning.
 */
export const RULES = {
  'G01/service-account': ['Una cuenta de servicio no aprueba', 'A service account does not approve'],
  'G01/second-factor': ['La firma requiere un segundo factor', 'Signing needs a second factor'],
  'G01/key': ['La llave no está registrada a nombre de quien firma', 'The key is not enrolled for who signs'],
  'G01/role': ['Quien lo pide no tiene un papel que lo permita', 'Who asks has no role that permits it'],
  'G02/developer': [
    'Quien desarrolla o entrega un modelo no lo aprueba',
    'Who develops or brings a model does not approve it',
  ],
  'G02/one-person': ['Una persona firma una sola vez', 'One person signs once'],
  'G02/incompatible': ['Papeles incompatibles en una misma persona', 'Roles that one person must not have together'],
  'G03/signatures': ['Faltan firmas', 'Signatures are missing'],
  'G03/role': ['El papel no está vigente o no firma este paso', 'The role is not in force, or does not sign this step'],
  'G03/site': ['Solo el propio sitio firma por el sitio', 'Only the site itself signs for the site'],
  'G04/altered': [
    'La aprobación fue alterada: la firma no corresponde',
    'The approval was altered: its signature is not of it',
  ],
  'G04/malformed': ['El documento no es una aprobación/v1 canónica', 'The document is no canonical aprobacion/v1'],
  'G04/other-subject': [
    'Se firmó otra cosa: los resúmenes o el paso difieren',
    'Something else was signed: digests or step differ',
  ],
  'G04/earlier': ['Se firmó antes de que empezara el estado actual', 'It was signed before the present state began'],
  'G04/used': ['La aprobación ya se usó', 'The approval was used already'],
  'G05/expired': ['La aprobación venció', 'The approval has expired'],
  'G05/too-long': ['La vigencia es de doce meses como máximo', 'An approval holds for twelve months at most'],
  'G06/undeclared': [
    'Hay un conflicto de interés que no se declaró con el nombre del proveedor',
    'A conflict of interest was not declared with the name of the supplier',
  ],
  'G09/documents': ['Falta documentación del modelo', 'Documents of the model are missing'],
  'G10/scope': ['Simulación del alcance con estudios de los últimos 30 días', 'Scope rules tried on the last 30 days'],
  'G11/demonstration': [
    'Un modelo de demostración no llega a uso clínico',
    'A demonstration never comes to clinical use',
  ],
  'G11/clinical': ['El modelo no se declara como demostración', 'The model does not say that it is a demonstration'],
  'G11/registration': [
    'Falta registro sanitario o protocolo de investigación',
    'No sanitary registration and no research protocol',
  ],
  'G12/risk': [
    'El archivo de riesgos tiene un riesgo residual inaceptable',
    'The risk file has an unacceptable residual risk',
  ],
  'G13/vulnerabilities': ['Revisión de vulnerabilidades de los componentes', 'Scan of the bill of materials'],
  'G14/licence': ['La licencia no permite uso clínico', 'The licence does not permit clinical use'],
  'G25/budget': ['Evaluaciones restantes en el banco nacional', 'Evaluations left on the national benchmark'],
  'G26/leakage': ['Datos de entrenamiento dentro del banco nacional', 'Training data within the benchmark'],
  'G29/plan': ['Plan de análisis registrado antes de evaluar', 'Analysis plan registered before evaluation'],
  'G30/foreign-evidence': ['La evidencia no la produjo la plataforma', 'The evidence was not produced by the platform'],
  'G31/endpoints': ['Desenlaces del plan en el banco nacional', 'Endpoints of the plan on the benchmark'],
  'G31/calibration': ['Calibración en el banco nacional', 'Calibration on the benchmark'],
  'G31/subgroups': ['Desempeño por subgrupos', 'Performance by subgroups'],
  'G32/acceptance': ['Prueba de aceptación en el sitio', 'Acceptance test at the site'],
  'G32/volume': ['Estudios y positivos suficientes en modo silencioso', 'Enough studies and positives in silence'],
  'G37/edge': ['El paso no existe desde el estado actual', 'There is no such step from the present state'],
  'G37/national': ['El estado nacional no lo permite', 'The national state does not permit it'],
  'G37/previous': ['Solo se reanuda en el estado anterior a la suspensión', 'What is resumed is what was suspended'],
  'G37/percentage': [
    'El porcentaje debe ser de 1 a 99 solo en uso limitado',
    'A percentage of 1 to 99, in limited use only',
  ],
  'G41/override': ['Rechazos y concordancia de los lectores', 'Overrides and concordance of readers'],
  'G44/burden': ['Carga de alertas por radiólogo', 'Burden of alerts per radiologist'],
  'G45/training': ['Capacitación de usuarios', 'Training of users'],
  'G46/stopped': [
    'El sitio detuvo la IA: se reanuda con firmas nuevas',
    'The site has stopped its AI: it comes back by fresh signatures',
  ],
  'G47/monitoring-plan': ['Plan de vigilancia', 'Monitoring plan'],
  'G48/failures': ['Tasa de fallas y de no aplicable', 'Rate of failures and of not applicable'],
  'G48/latency': ['Capacidad y tiempo de respuesta', 'Capacity and time of answers'],
  'G48/scores': ['Distribución de puntajes frente al banco', 'Distribution of scores against the benchmark'],
  'G50/corrective-action': ['Falta causa raíz y acción correctiva', 'Root cause and corrective action are missing'],
  'G52/review': ['Informe de revisión periódica', 'Periodic review'],
  'G56/replacement': ['Solo otra versión en uso sustituye a esta', 'Only another version in use takes its place'],
  'G56/rollback': ['La versión anterior ya no está aprobada', 'The former version is approved no more'],
  'G57/retirement': ['Falta motivo o destino de los datos', 'Reason or what becomes of the data is missing'],
  'G58/incident': ['Incidentes graves abiertos', 'Open serious incidents'],
  'G67/intake': ['El paquete no pasó la recepción', 'The package did not pass intake'],
  'G67/golden': ['Los casos de referencia no se reproducen', 'Golden cases are not reproduced'],
} as const satisfies Record<string, readonly [es: string, en: string]>;

export type RuleId = keyof typeof RULES;

/** What one rule says about a step. */
export type Verdict =
  | { outcome: 'met'; rule: RuleId }
  | { outcome: 'refused'; rule: RuleId; why: string }
  /** The platform cannot produce the evidence yet; it blocks like a refusal. */
  | { outcome: 'unavailable'; rule: RuleId; why: string };
export type Finding = Exclude<Verdict, { outcome: 'met' }>;

export const met = (rule: RuleId): Verdict => ({ outcome: 'met', rule });
export const refused = (rule: RuleId, why: string = RULES[rule][1]): Finding => ({ outcome: 'refused', rule, why });
export const unavailable = (rule: RuleId): Finding => ({ outcome: 'unavailable', rule, why: RULES[rule][1] });
export const isFinding = (verdict: Verdict): verdict is Finding => verdict.outcome !== 'met';
