import type { GuardId } from './guards.ts';
import type { NationalState, Scope, SigningRole, SiteState, State, Track } from './states.ts';

/** One signature that an edge needs: by one of these roles, held for the nation or at the site itself. */
export type Slot = { roles: readonly SigningRole[]; place: Scope };

/** Who may ask for an edge: a role held where it counts, the archive itself, or whoever owns its files. */
export type Asker = SigningRole | 'administrator' | 'radiologist' | 'process';

export type Edge = {
  /** Names it in the database, the journal and the documents. */
  id: string;
  scope: Scope;
  /** Undefined: the same for both. */
  track: Track | undefined;
  from: State;
  to: State;
  guards: readonly GuardId[];
  by: readonly Asker[];
  signatures: readonly Slot[];
  /** It rests on signatures that were given for the same state before, while they hold. */
  isRestored?: boolean;
};

const NATIONAL: readonly Slot[] = [
  { roles: ['validator'], place: 'nacional' },
  { roles: ['authority'], place: 'nacional' },
  { roles: ['data-protection-officer', 'regulatory-liaison'], place: 'nacional' },
];
const CHIEF: Slot = { roles: ['site-chief'], place: 'sitio' };
const COMMISSIONED: readonly Slot[] = [CHIEF, { roles: ['medical-physicist'], place: 'sitio' }];

const PROVEN: readonly GuardId[] = [
  'notDemonstration',
  'endpoints',
  'calibration',
  'subgroups',
  'risk',
  'registration',
  'licence',
  'monitoringPlan',
];
const SHOWN: readonly GuardId[] = ['demonstration', 'intake', 'golden', 'documents'];
/** What is looked at before a silent model is shown to anybody. */
const LOCAL: readonly GuardId[] = ['volume', 'failures', 'latency', 'scores', 'acceptance', 'training'];
const IN_USE: readonly GuardId[] = ['override', 'incidents', 'burden'];

const NATIONAL_ASKERS: readonly Asker[] = ['validator', 'authority'];
const STOPPERS: readonly Asker[] = ['authority', 'regulatory-liaison', 'administrator', 'process'];
/** At a site also whoever reads there: glass is broken to stop, never to go on. */
const SITE_STOPPERS: readonly Asker[] = ['site-chief', 'radiologist', 'medical-physicist', ...STOPPERS];

type Of<S> = { from: S; to: S } & Pick<Edge, 'track' | 'guards' | 'by' | 'signatures'>;

const edge = <S extends State>(scope: Scope, { from, to, track, ...rest }: Of<S>): Edge => ({
  id: [scope, from, to, track].filter((part) => part !== undefined).join('/'),
  scope,
  track,
  from,
  to,
  ...rest,
});
const nacional = (
  from: NationalState,
  to: NationalState,
  track: Track | undefined,
  guards: readonly GuardId[],
  by: readonly Asker[],
  signatures: readonly Slot[] = [],
): Edge => edge('nacional', { from, to, track, guards, by, signatures });
const sitio = (
  from: SiteState,
  to: SiteState,
  track: Track | undefined,
  guards: readonly GuardId[],
  by: readonly Asker[],
  signatures: readonly Slot[] = [],
): Edge => edge('sitio', { from, to, track, guards, by, signatures });

const UNDECIDED = ['recibido', 'documentado', 'validacion_nacional'] as const;
const STANDING = ['aprobado_nacional', 'en_revision', 'demostracion'] as const;
const RUNNING = ['silencioso', 'limitado', 'general'] as const;
const AUTHORITY: readonly Slot[] = [{ roles: ['authority'], place: 'nacional' }];
const JUDGED: readonly Slot[] = [{ roles: ['validator', 'authority'], place: 'nacional' }];

const NATIONAL_EDGES: readonly Edge[] = [
  nacional('borrador', 'recibido', undefined, ['intake'], ['administrator', 'validator', 'process']),
  nacional(
    'recibido',
    'documentado',
    'clinico',
    ['notDemonstration', 'intake', 'golden', 'documents', 'licence', 'vulnerabilities'],
    NATIONAL_ASKERS,
  ),
  nacional(
    'documentado',
    'validacion_nacional',
    'clinico',
    ['notDemonstration', 'plan', 'leakage', 'budget'],
    NATIONAL_ASKERS,
  ),
  nacional('validacion_nacional', 'aprobado_nacional', 'clinico', PROVEN, NATIONAL_ASKERS, NATIONAL),
  nacional('recibido', 'demostracion', 'demostracion', SHOWN, NATIONAL_ASKERS, NATIONAL),
  nacional('aprobado_nacional', 'en_revision', 'clinico', [], [...NATIONAL_ASKERS, 'process']),
  nacional('en_revision', 'aprobado_nacional', 'clinico', ['review', ...PROVEN], NATIONAL_ASKERS, NATIONAL),
  ...STANDING.map((from) => nacional(from, 'suspendido', undefined, [], STOPPERS)),
  nacional(
    'suspendido',
    'aprobado_nacional',
    'clinico',
    ['previous', 'correctiveAction', ...PROVEN],
    NATIONAL_ASKERS,
    NATIONAL,
  ),
  nacional(
    'suspendido',
    'demostracion',
    'demostracion',
    ['previous', 'correctiveAction', ...SHOWN],
    NATIONAL_ASKERS,
    NATIONAL,
  ),
  ...UNDECIDED.map((from) => nacional(from, 'rechazado', undefined, [], NATIONAL_ASKERS, JUDGED)),
  ...[...UNDECIDED, ...STANDING, 'suspendido' as const].map((from) =>
    nacional(from, 'retirado', undefined, ['retirement'], ['authority'], AUTHORITY),
  ),
];

const SITE_ASKERS: readonly Asker[] = ['site-chief'];

const SITE_EDGES: readonly Edge[] = [
  sitio('no_instalado', 'instalado', 'clinico', ['approved'], ['site-chief', 'administrator']),
  sitio('no_instalado', 'instalado', 'demostracion', ['demonstrated'], ['site-chief', 'administrator']),
  sitio('instalado', 'silencioso', 'clinico', ['approved', 'scope', 'latency'], SITE_ASKERS, [CHIEF]),
  sitio('instalado', 'silencioso', 'demostracion', ['demonstrated'], SITE_ASKERS, [CHIEF]),
  sitio('silencioso', 'limitado', 'clinico', ['approved', 'percentage', ...LOCAL], SITE_ASKERS, COMMISSIONED),
  sitio('silencioso', 'limitado', 'demostracion', ['demonstrated', 'percentage'], SITE_ASKERS, COMMISSIONED),
  sitio('limitado', 'limitado', 'clinico', ['approved', 'percentage', ...LOCAL], SITE_ASKERS, COMMISSIONED),
  sitio('limitado', 'limitado', 'demostracion', ['demonstrated', 'percentage'], SITE_ASKERS, COMMISSIONED),
  // There is no such edge for a demonstration.
  sitio('limitado', 'general', 'clinico', ['approved', ...LOCAL, ...IN_USE], SITE_ASKERS, COMMISSIONED),
  // Less than what was signed needs no further signature.
  sitio('general', 'limitado', 'clinico', ['percentage'], SITE_ASKERS),
  sitio('general', 'silencioso', 'clinico', [], SITE_ASKERS),
  sitio('limitado', 'silencioso', undefined, [], SITE_ASKERS),
  ...RUNNING.map((from) => sitio(from, 'suspendido', undefined, [], SITE_STOPPERS)),
  ...RUNNING.flatMap(resumed),
  sitio('limitado', 'sustituido', undefined, ['replaced'], ['site-chief', 'process']),
  sitio('general', 'sustituido', 'clinico', ['replaced'], ['site-chief', 'process']),
  restored('limitado', 'clinico', ['approved', 'percentage', 'former']),
  restored('limitado', 'demostracion', ['demonstrated', 'percentage', 'former']),
  restored('general', 'clinico', ['approved', 'former']),
  ...(['instalado', ...RUNNING, 'sustituido', 'suspendido'] as const).map((from) =>
    sitio(from, 'retirado', undefined, ['retirement'], SITE_ASKERS, [CHIEF]),
  ),
];

/** What was suspended comes back where it was, by as many signatures as the first time, and what they rest on. */
function resumed(to: 'silencioso' | 'limitado' | 'general'): Edge[] {
  const slots = to === 'silencioso' ? [CHIEF] : COMMISSIONED;
  const share: readonly GuardId[] = to === 'limitado' ? ['percentage'] : [];
  const local = to === 'silencioso' ? (['scope', 'latency'] as const) : LOCAL;
  const use = to === 'general' ? IN_USE : [];
  const known: readonly GuardId[] = ['previous', 'correctiveAction', ...share];
  const edges = [
    sitio('suspendido', to, 'clinico', ['approved', ...known, ...local, ...use], SITE_ASKERS, slots),
    sitio('suspendido', to, 'demostracion', ['demonstrated', ...known], SITE_ASKERS, slots),
  ];
  return edges.filter(({ track }) => track === 'clinico' || to !== 'general');
}

function restored(to: 'limitado' | 'general', track: Track, guards: readonly GuardId[]): Edge {
  return { ...sitio('sustituido', to, track, guards, ['site-chief', 'process'], COMMISSIONED), isRestored: true };
}

/** The machine. What is not here cannot happen: neither by the service nor in the database. */
export const EDGES: readonly Edge[] = [...NATIONAL_EDGES, ...SITE_EDGES];

export function edgeOf(scope: Scope, track: Track, from: State, to: State): Edge | undefined {
  return EDGES.find(
    (each) =>
      each.scope === scope &&
      each.from === from &&
      each.to === to &&
      (each.track === undefined || each.track === track),
  );
}

export const edgesFrom = (scope: Scope, track: Track, from: State): Edge[] =>
  EDGES.filter(
    (each) => each.scope === scope && each.from === from && (each.track === undefined || each.track === track),
  );
