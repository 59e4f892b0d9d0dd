import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  afterEvent,
  isFinal,
  OPEN_STATES,
  owes,
  PURCHASE_EVENTS,
  PURCHASE_STATES,
  type PurchaseEvent,
  type PurchaseState,
  ruleOf,
} from '../../bot/domain/purchase.js';

/** Every state and every event: the state it leads to, `.` for none. Written out, so that a change of the rules shows here. */
const TABLE: Readonly<Record<PurchaseEvent, readonly (PurchaseState | '.')[]>> = {
  //                    confirmed     submitting    processing   unknown       completed failed
  submit: ['submitting', '.', '.', '.', '.', '.'],
  resubmit: ['.', '.', '.', 'submitting', '.', '.'],
  'put-off': ['.', 'confirmed', '.', 'confirmed', '.', '.'],
  expired: ['failed', '.', '.', '.', '.', '.'],
  accepted: ['.', 'processing', '.', 'processing', '.', '.'],
  completed: ['.', 'completed', 'completed', 'completed', '.', '.'],
  refused: ['.', 'failed', '.', 'failed', '.', '.'],
  ambiguous: ['.', 'unknown', '.', '.', '.', '.'],
  interrupted: ['.', 'unknown', '.', '.', '.', '.'],
  'no-callback': ['.', '.', 'unknown', '.', '.', '.'],
  'callback-completed': ['completed', 'completed', 'completed', 'completed', '.', '.'],
  'callback-failed': ['failed', 'failed', 'failed', 'failed', '.', '.'],
  'callback-unclear': ['unknown', 'unknown', 'unknown', 'unknown', '.', '.'],
  'found-completed': ['.', '.', 'completed', 'completed', '.', '.'],
  'found-failed': ['.', '.', 'failed', 'failed', '.', '.'],
  'operator-completed': ['.', '.', 'completed', 'completed', '.', '.'],
  'operator-failed': ['.', '.', 'failed', 'failed', '.', '.'],
};

/** Events that tell of nothing the telco or a person said: silence, a crash, a lost connection. */
const SILENCE: readonly PurchaseEvent[] = ['ambiguous', 'interrupted', 'no-callback'];

describe('the life of a purchase', () => {
  const pairs = PURCHASE_EVENTS.flatMap((event) => PURCHASE_STATES.map((state) => [event, state] as const));

  test.each(pairs)('%s in state %s leads where the table says, and nowhere else', (event, state) => {
    const expected = TABLE[event][PURCHASE_STATES.indexOf(state)];
    expect(afterEvent(state, event) ?? '.').toBe(expected);
  });

  test('ends for good: nothing moves what is completed or failed', () => {
    expect(PURCHASE_STATES.filter(isFinal)).toEqual(['completed', 'failed']);
    expect(OPEN_STATES).toEqual(['confirmed', 'submitting', 'processing', 'unknown']);
  });

  test('silence leads to unknown and nowhere else: it never says failed', () => {
    for (const event of SILENCE) expect(ruleOf(event).to).toBe('unknown');
  });

  test('fails only on the telco’s word, an operator’s, or because nothing was ever sent', () => {
    const failing = PURCHASE_EVENTS.filter((event) => ruleOf(event).to === 'failed');
    expect(failing).toEqual(['expired', 'refused', 'callback-failed', 'found-failed', 'operator-failed']);
    expect(ruleOf('expired').from).toEqual(['confirmed']);
  });

  test('an order goes out from confirmed, or again from unknown by the one who knows that the telco deduplicates', () => {
    const sending = PURCHASE_EVENTS.filter((event) => ruleOf(event).to === 'submitting');
    expect(sending.map((event) => [event, ruleOf(event).by, ruleOf(event).from])).toEqual([
      ['submit', 'worker', ['confirmed']],
      ['resubmit', 'reconciler', ['unknown']],
    ]);
  });

  test('a sweeper ends nothing that may have been sent', () => {
    for (const event of PURCHASE_EVENTS.filter((name) => ruleOf(name).by === 'sweeper')) {
      if (ruleOf(event).from.some((state) => state !== 'confirmed')) expect(ruleOf(event).to).toBe('unknown');
    }
  });

  test('owes a receipt for an end, word for what is unknown, and nothing else', () => {
    const owed = PURCHASE_STATES.map((state) => owes(state));
    expect(owed).toEqual([undefined, undefined, undefined, 'checking', 'receipt', 'receipt']);
  });

  test('comes to one end at most, whatever happens in whatever order, and a person or a callback can always end it', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...PURCHASE_EVENTS), { maxLength: 40 }), (events) => {
        let state: PurchaseState = 'confirmed';
        let ends = 0;
        for (const event of events) {
          const next = afterEvent(state, event);
          if (next === undefined) continue;
          if (isFinal(next)) ends += 1;
          state = next;
        }
        expect(ends).toBeLessThanOrEqual(1);
        if (isFinal(state)) return;
        expect(afterEvent(state, 'callback-completed')).toBe('completed');
        expect(afterEvent(state, 'callback-failed')).toBe('failed');
        if (state === 'unknown') expect(afterEvent(state, 'operator-failed')).toBe('failed');
      }),
      { seed: 5, numRuns: 2_000 },
    );
  });
});
