import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Action, next, type State, type UlEvent } from './fsm.ts';

const STATES: readonly State[] = [
  'Sta1',
  'Sta2',
  'Sta3',
  'Sta4',
  'Sta5',
  'Sta6',
  'Sta7',
  'Sta8',
  'Sta9',
  'Sta10',
  'Sta11',
  'Sta12',
  'Sta13',
];

/** PS3.8 table 9-10, row by row; columns Sta1 to Sta13, `-` an empty cell. */
const TABLE_9_10 = `
  Evt1  AE-1 -    -    -    -    -    -    -    -    -     -    -    -
  Evt2  -    -    -    AE-2 -    -    -    -    -    -     -    -    -
  Evt3  -    AA-1 AA-8 -    AE-3 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8 AA-8 AA-6
  Evt4  -    AA-1 AA-8 -    AE-4 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8 AA-8 AA-6
  Evt5  AE-5 -    -    -    -    -    -    -    -    -     -    -    -
  Evt6  -    AE-6 AA-8 -    AA-8 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8 AA-8 AA-7
  Evt7  -    -    AE-7 -    -    -    -    -    -    -     -    -    -
  Evt8  -    -    AE-8 -    -    -    -    -    -    -     -    -    -
  Evt9  -    -    -    -    -    DT-1 -    AR-7 -    -     -    -    -
  Evt10 -    AA-1 AA-8 -    AA-8 DT-2 AR-6 AA-8 AA-8 AA-8  AA-8 AA-8 AA-6
  Evt11 -    -    -    -    -    AR-1 -    -    -    -     -    -    -
  Evt12 -    AA-1 AA-8 -    AA-8 AR-2 AR-8 AA-8 AA-8 AA-8  AA-8 AA-8 AA-6
  Evt13 -    AA-1 AA-8 -    AA-8 AA-8 AR-3 AA-8 AA-8 AR-10 AR-3 AA-8 AA-6
  Evt14 -    -    -    -    -    -    -    AR-4 AR-9 -     -    AR-4 -
  Evt15 -    -    AA-1 AA-2 AA-1 AA-1 AA-1 AA-1 AA-1 AA-1  AA-1 AA-1 -
  Evt16 -    AA-2 AA-3 -    AA-3 AA-3 AA-3 AA-3 AA-3 AA-3  AA-3 AA-3 AA-2
  Evt17 -    AA-5 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4  AA-4 AA-4 AR-5
  Evt18 -    AA-2 -    -    -    -    -    -    -    -     -    -    AA-2
  Evt19 -    AA-1 AA-8 -    AA-8 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8 AA-8 AA-7`;

/** PS3.8 tables 9-6 to 9-9: the state after each action, AE-6 when acceptable, AR-8 by the acceptor. */
const STATE_AFTER: Record<Action, State> = {
  'AE-1': 'Sta4',
  'AE-2': 'Sta5',
  'AE-3': 'Sta6',
  'AE-4': 'Sta1',
  'AE-5': 'Sta2',
  'AE-6': 'Sta3',
  'AE-7': 'Sta6',
  'AE-8': 'Sta13',
  'DT-1': 'Sta6',
  'DT-2': 'Sta6',
  'AR-1': 'Sta7',
  'AR-2': 'Sta8',
  'AR-3': 'Sta1',
  'AR-4': 'Sta13',
  'AR-5': 'Sta1',
  'AR-6': 'Sta7',
  'AR-7': 'Sta8',
  'AR-8': 'Sta10',
  'AR-9': 'Sta11',
  'AR-10': 'Sta12',
  'AA-1': 'Sta13',
  'AA-2': 'Sta1',
  'AA-3': 'Sta1',
  'AA-4': 'Sta1',
  'AA-5': 'Sta1',
  'AA-6': 'Sta13',
  'AA-7': 'Sta13',
  'AA-8': 'Sta13',
};

test('every cell of table 9-10 is taken, and every action leads where tables 9-6 to 9-9 say', () => {
  const rows = TABLE_9_10.trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  assert.equal(rows.length, 19);
  for (const [event, ...cells] of rows) {
    assert.equal(cells.length, STATES.length, event);
    STATES.forEach((state, index) => {
      const step = next(state, event as UlEvent);
      assert.equal(step?.action ?? '-', cells[index], `${event} in ${state}`);
      if (step !== undefined) assert.equal(step.state, STATE_AFTER[step.action], `${event} in ${state}`);
    });
  }
});

test('an A-ASSOCIATE-RQ that the service-provider cannot accept is rejected (AE-6)', () => {
  const step = next('Sta2', 'Evt6', { isAcceptable: false });
  assert.deepEqual(step, { action: 'AE-6', state: 'Sta13', effects: ['stop-artim', 'send-rj', 'start-artim'] });
});

/** Run events from a state to the last state; each must have a cell. */
function walk(state: State, events: readonly UlEvent[], isRequestor: boolean): State[] {
  const states: State[] = [];
  for (const event of events) {
    const step = next(states.at(-1) ?? state, event, { isRequestor });
    assert.ok(step, `${event} in ${states.at(-1) ?? state}`);
    states.push(step.state);
  }
  return states;
}

test('release collision: the requestor answers first, then the acceptor (PS3.8 7.2.2)', () => {
  assert.deepEqual(walk('Sta6', ['Evt11', 'Evt12', 'Evt14', 'Evt13'], true), ['Sta7', 'Sta9', 'Sta11', 'Sta1']);
  assert.deepEqual(walk('Sta6', ['Evt11', 'Evt12', 'Evt13', 'Evt14', 'Evt17'], false), [
    'Sta7',
    'Sta10',
    'Sta12',
    'Sta13',
    'Sta1',
  ]);
});

test('ARTIM runs exactly while the transport is open without an association', () => {
  const waiting = new Set<State>();
  for (const state of STATES) if (next(state, 'Evt18') !== undefined) waiting.add(state);
  assert.deepEqual([...waiting], ['Sta2', 'Sta13']);
  assert.ok(next('Sta1', 'Evt5')?.effects.includes('start-artim'));
  assert.ok(next('Sta2', 'Evt6')?.effects.includes('stop-artim'));
  assert.ok(next('Sta8', 'Evt14')?.effects.includes('start-artim'));
  assert.ok(next('Sta13', 'Evt17')?.effects.includes('stop-artim'));
});
