/** States of the upper layer protocol machine (PS3.8 tables 9-1 to 9-5). */
export type State =
  | 'Sta1'
  | 'Sta2'
  | 'Sta3'
  | 'Sta4'
  | 'Sta5'
  | 'Sta6'
  | 'Sta7'
  | 'Sta8'
  | 'Sta9'
  | 'Sta10'
  | 'Sta11'
  | 'Sta12'
  | 'Sta13';

/**
 * Its events (PS3.8 9.2). Local user: Evt1 A-ASSOCIATE request, 7 and 8 its response (accept, reject),
 * 9 P-DATA request, 11 A-RELEASE request, 14 its response, 15 A-ABORT request. Transport: Evt2 connect
 * confirmation, 5 connect indication, 17 closed. PDUs: Evt3 A-ASSOCIATE-AC, 4 -RJ, 6 -RQ, 10 P-DATA-TF,
 * 12 A-RELEASE-RQ, 13 -RP, 16 A-ABORT, 19 unrecognized or invalid. Evt18: the ARTIM timer expired.
 */
export type UlEvent =
  | 'Evt1'
  | 'Evt2'
  | 'Evt3'
  | 'Evt4'
  | 'Evt5'
  | 'Evt6'
  | 'Evt7'
  | 'Evt8'
  | 'Evt9'
  | 'Evt10'
  | 'Evt11'
  | 'Evt12'
  | 'Evt13'
  | 'Evt14'
  | 'Evt15'
  | 'Evt16'
  | 'Evt17'
  | 'Evt18'
  | 'Evt19';

export type Action =
  | 'AE-1'
  | 'AE-2'
  | 'AE-3'
  | 'AE-4'
  | 'AE-5'
  | 'AE-6'
  | 'AE-7'
  | 'AE-8'
  | 'DT-1'
  | 'DT-2'
  | 'AR-1'
  | 'AR-2'
  | 'AR-3'
  | 'AR-4'
  | 'AR-5'
  | 'AR-6'
  | 'AR-7'
  | 'AR-8'
  | 'AR-9'
  | 'AR-10'
  | 'AA-1'
  | 'AA-2'
  | 'AA-3'
  | 'AA-4'
  | 'AA-5'
  | 'AA-6'
  | 'AA-7'
  | 'AA-8';

/**
 * What the owner of the transport does for an action, in order. `send`: the PDU of the primitive;
 * `send-rj`: an A-ASSOCIATE-RJ of the service-provider; `send-abort-*`: an A-ABORT of that source;
 * `indicate`: hand the event to the user; `indicate-abort`: tell the user that the association is gone.
 */
export type Effect =
  | 'connect'
  | 'close'
  | 'start-artim'
  | 'stop-artim'
  | 'send'
  | 'send-rj'
  | 'send-abort-user'
  | 'send-abort-provider'
  | 'indicate'
  | 'indicate-abort';

export type Step = { state: State; action: Action; effects: readonly Effect[] };

/** What decides where an action has two outcomes. */
export type Facts = {
  /** We asked for the association: a release collision goes to Sta9 instead of Sta10 (AR-8). */
  isRequestor?: boolean;
  /** The service-provider itself can accept the A-ASSOCIATE-RQ (AE-6); true unless said. */
  isAcceptable?: boolean;
};

type Outcome = { state: State; effects: readonly Effect[] };

/** PS3.8 tables 9-6 to 9-9. */
const ACTIONS: Record<Action, Outcome> = {
  'AE-1': { state: 'Sta4', effects: ['connect'] },
  'AE-2': { state: 'Sta5', effects: ['send'] },
  'AE-3': { state: 'Sta6', effects: ['indicate'] },
  'AE-4': { state: 'Sta1', effects: ['indicate', 'close'] },
  'AE-5': { state: 'Sta2', effects: ['start-artim'] },
  'AE-6': { state: 'Sta3', effects: ['stop-artim', 'indicate'] },
  'AE-7': { state: 'Sta6', effects: ['send'] },
  'AE-8': { state: 'Sta13', effects: ['send', 'start-artim'] },
  'DT-1': { state: 'Sta6', effects: ['send'] },
  'DT-2': { state: 'Sta6', effects: ['indicate'] },
  'AR-1': { state: 'Sta7', effects: ['send'] },
  'AR-2': { state: 'Sta8', effects: ['indicate'] },
  'AR-3': { state: 'Sta1', effects: ['indicate', 'close'] },
  'AR-4': { state: 'Sta13', effects: ['send', 'start-artim'] },
  'AR-5': { state: 'Sta1', effects: ['stop-artim'] },
  'AR-6': { state: 'Sta7', effects: ['indicate'] },
  'AR-7': { state: 'Sta8', effects: ['send'] },
  'AR-8': { state: 'Sta10', effects: ['indicate'] },
  'AR-9': { state: 'Sta11', effects: ['send'] },
  'AR-10': { state: 'Sta12', effects: ['indicate'] },
  'AA-1': { state: 'Sta13', effects: ['send-abort-user', 'start-artim'] },
  'AA-2': { state: 'Sta1', effects: ['stop-artim', 'close'] },
  'AA-3': { state: 'Sta1', effects: ['indicate-abort', 'close'] },
  'AA-4': { state: 'Sta1', effects: ['indicate-abort'] },
  'AA-5': { state: 'Sta1', effects: ['stop-artim'] },
  'AA-6': { state: 'Sta13', effects: [] },
  'AA-7': { state: 'Sta13', effects: ['send-abort-provider'] },
  'AA-8': { state: 'Sta13', effects: ['send-abort-provider', 'indicate-abort', 'start-artim'] },
};

const AE_6_NOT_ACCEPTABLE: Outcome = { state: 'Sta13', effects: ['stop-artim', 'send-rj', 'start-artim'] };
const AR_8_REQUESTOR: Outcome = { state: 'Sta9', effects: ['indicate'] };

type Row = { readonly [S in State]?: Action };

/** The same action in every state with an association or one being made, Sta4 aside: it has no PDUs. */
const everywhere = (action: Action): Row => ({
  Sta3: action,
  Sta5: action,
  Sta6: action,
  Sta7: action,
  Sta8: action,
  Sta9: action,
  Sta10: action,
  Sta11: action,
  Sta12: action,
});

/** A PDU that no state expects, but for the states that the row goes on to name. */
const UNEXPECTED: Row = { Sta2: 'AA-1', ...everywhere('AA-8'), Sta13: 'AA-6' };

/** PS3.8 table 9-10; a state that a row leaves out is an empty cell. */
const TABLE: Record<UlEvent, Row> = {
  Evt1: { Sta1: 'AE-1' },
  Evt2: { Sta4: 'AE-2' },
  Evt3: { ...UNEXPECTED, Sta5: 'AE-3' },
  Evt4: { ...UNEXPECTED, Sta5: 'AE-4' },
  Evt5: { Sta1: 'AE-5' },
  Evt6: { ...UNEXPECTED, Sta2: 'AE-6', Sta13: 'AA-7' },
  Evt7: { Sta3: 'AE-7' },
  Evt8: { Sta3: 'AE-8' },
  Evt9: { Sta6: 'DT-1', Sta8: 'AR-7' },
  Evt10: { ...UNEXPECTED, Sta6: 'DT-2', Sta7: 'AR-6' },
  Evt11: { Sta6: 'AR-1' },
  Evt12: { ...UNEXPECTED, Sta6: 'AR-2', Sta7: 'AR-8' },
  Evt13: { ...UNEXPECTED, Sta7: 'AR-3', Sta10: 'AR-10', Sta11: 'AR-3' },
  Evt14: { Sta8: 'AR-4', Sta9: 'AR-9', Sta12: 'AR-4' },
  Evt15: { ...everywhere('AA-1'), Sta4: 'AA-2' },
  Evt16: { Sta2: 'AA-2', ...everywhere('AA-3'), Sta13: 'AA-2' },
  Evt17: { Sta2: 'AA-5', ...everywhere('AA-4'), Sta4: 'AA-4', Sta13: 'AR-5' },
  Evt18: { Sta2: 'AA-2', Sta13: 'AA-2' },
  Evt19: { ...UNEXPECTED, Sta13: 'AA-7' },
};

/**
 * One step of the upper layer protocol machine (PS3.8 9.2).
 * @returns undefined for an empty cell of table 9-10: the event has no meaning in that state.
 */
export function next(state: State, event: UlEvent, facts: Facts = {}): Step | undefined {
  const action = TABLE[event][state];
  return action && { action, ...outcomeOf(action, facts) };
}

function outcomeOf(action: Action, { isRequestor = false, isAcceptable = true }: Facts): Outcome {
  if (action === 'AE-6' && !isAcceptable) return AE_6_NOT_ACCEPTABLE;
  if (action === 'AR-8' && isRequestor) return AR_8_REQUESTOR;
  return ACTIONS[action];
}
