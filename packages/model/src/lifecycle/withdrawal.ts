/** States that no package runs in. */
export type WithdrawnState = 'retirado' | 'suspendido';

/**
 * Causes by which a suspension is of one version, because of what that version does: it comes back by a root cause and
 * a corrective action only (G50). What expired, gave way to another version, or was stopped with all AI of a site says
 * nothing of what it had found.
 */
const OF_FAULT: ReadonlySet<string> = new Set(['asked', 'break-glass', 'alarm']);

/**
 * Does a step of the life-cycle withdraw what the version has said before, for the nation or at the site of the step?
 * @param to  the state that it leads to
 */
export const withdraws = (to: string, cause: string): to is WithdrawnState =>
  to === 'retirado' || (to === 'suspendido' && OF_FAULT.has(cause));

const WORDS: Readonly<Record<WithdrawnState, readonly [es: string, en: string]>> = {
  retirado: ['Versión del modelo retirada', 'Version of the model retired'],
  suspendido: ['Versión del modelo suspendida por falla', 'Version of the model suspended for a fault'],
};

/** Why a result counts no more: what is said to people, and the reason as it was written. */
export function withdrawalWords(state: WithdrawnState, reason: string): { reasonEs: string; reasonEn: string } {
  const [es, en] = WORDS[state];
  return { reasonEs: `${es}: ${reason}`, reasonEn: `${en}: ${reason}` };
}
