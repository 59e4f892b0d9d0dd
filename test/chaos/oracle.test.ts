import { describe, expect, test } from '@jest/globals';
import { type BreachCode, type Evidence, judge, type PurchaseEvidence, type Telling, type Wipe } from './oracle.js';

const ID = '11111111-1111-4111-8111-111111111111';
const CONVERSATION = 'web-1';

const bought: PurchaseEvidence = {
  id: ID,
  conversation: CONVERSATION,
  state: 'completed',
  reference: 'C0DE',
  moves: ['confirmed', 'submitting', 'processing', 'completed'],
  why: 'callback-completed',
};

const told = (kind: Telling['kind'], more: Partial<Telling> = {}): Telling => ({
  ...{ conversation: CONVERSATION, at: 1_000, kind, message: `${kind}-1` },
  ...(kind === 'receipt' && { reference: 'C0DE' }),
  ...more,
});

/** A run in which one subscriber bought one thing and everything went well. */
function wellDone(change: Partial<Evidence> = {}): Evidence {
  const words = [told('ordered'), told('receipt')];
  return {
    ...{ deduplicates: false, purchases: [bought], charges: [ID], posts: [ID], shown: words, sent: words },
    taps: [{ conversation: CONVERSATION, at: 500, acknowledged: true }],
    ...{ humans: new Set<string>(), humansAfterMs: new Map<string, number>(), owed: [], wipes: [] },
    ...change,
  };
}

/** Redis loses its data at 3,000, when this was in it. */
const wipe = (had: Partial<Wipe> = {}): Wipe => ({ at: 3_000, waiting: new Set(), logged: new Map(), ...had });

const codes = (evidence: Evidence) => [...new Set(judge(evidence).breaches.map(({ code }) => code))];

const endedAs = (state: PurchaseEvidence['state'], change: Partial<Evidence> = {}) =>
  wellDone({
    purchases: [{ ...bought, state, moves: ['confirmed', 'submitting', state] }],
    ...{ charges: [], shown: [], sent: [] },
    ...change,
  });

describe('the oracle of the chaos suite', () => {
  test('finds nothing wrong with a run in which nothing was', () => {
    const { breaches, figures } = judge(wellDone());
    expect(breaches).toEqual([]);
    expect(figures).toMatchObject({
      purchases: 1,
      charges: 1,
      receipts: 1,
      unknown: 0,
      humanAfterMs: 0,
      lost: 0,
      double: 0,
      repeated: 0,
    });
  });

  test('accepts what is unclear once a person was called', () => {
    expect(codes(endedAs('unknown', { charges: [ID], humans: new Set([ID]) }))).toEqual([]);
  });

  test('accepts bad news that is true', () => {
    const words = [told('ordered'), told('failed')];
    expect(codes(endedAs('failed', { shown: words, sent: words }))).toEqual([]);
  });

  test('accepts a second post only where the telco charges an id once', () => {
    expect(codes(wellDone({ posts: [ID, ID], deduplicates: true }))).toEqual([]);
  });

  test('accepts a receipt that a wipe took from the page, and counts it', () => {
    const wipes = [wipe({ logged: new Map([[CONVERSATION, new Set(['receipt-1'])]]) })];
    const { breaches, figures } = judge(wellDone({ shown: [told('ordered')], wipes }));
    expect(breaches).toEqual([]);
    expect(figures.wipedFromPage).toBe(1);
  });

  test('accepts a confirmation that a wipe took from the mailbox, and counts it', () => {
    const nothing = { purchases: [], charges: [], posts: [], shown: [], sent: [] };
    const { breaches, figures } = judge(wellDone({ ...nothing, wipes: [wipe({ waiting: new Set([CONVERSATION]) })] }));
    expect(breaches).toEqual([]);
    expect(figures.wipedTaps).toBe(1);
  });

  test('counts a receipt that came again unasked under the same reference', () => {
    const again = [told('ordered'), ...['a', 'b', 'c'].map((message) => told('receipt', { message }))];
    expect(judge(wellDone({ sent: again })).figures.repeated).toBe(2);
  });

  const other = '22222222-2222-4222-8222-222222222222';
  const breaches: [what: string, code: BreachCode, evidence: Evidence][] = [
    ['money taken twice', 'DOUBLE_CHARGE', wellDone({ charges: [ID, ID], deduplicates: true })],
    ['an order posted twice', 'POSTED_TWICE', wellDone({ posts: [ID, ID] })],
    [
      'two orders for one confirmation',
      'BOUGHT_TWICE',
      wellDone({
        purchases: [bought, { ...bought, id: other, reference: 'C0DF' }],
        ...{ charges: [ID, other], posts: [ID, other] },
        sent: [told('ordered'), told('receipt'), told('receipt', { reference: 'C0DF', message: 'r-2' })],
      }),
    ],
    ['money taken for what the ledger never heard of', 'CHARGED_UNKNOWN', wellDone({ charges: [ID, other] })],
    [
      'a charge that is denied',
      'CHARGE_DENIED',
      endedAs('failed', { charges: [ID], shown: [told('failed')], sent: [told('failed')] }),
    ],
    ['a purchase nobody was charged for', 'NOT_CHARGED', wellDone({ charges: [] })],
    ['a purchase that stands still', 'STUCK', endedAs('processing')],
    ['an order whose job was lost', 'STUCK', endedAs('confirmed')],
    ['an unclear purchase that no person knows of', 'NO_HUMAN', endedAs('unknown')],
    [
      'an unclear purchase that a person was called about hours later',
      'LATE_HUMAN',
      endedAs('unknown', { humans: new Set([ID]), humansAfterMs: new Map([[ID, 121_000]]) }),
    ],
    ['an order that was confirmed and is gone', 'LOST_ORDER', wellDone({ purchases: [], charges: [], posts: [] })],
    ['a confirmation that nothing came of', 'LOST_TAP', wellDone({ purchases: [], charges: [], shown: [], sent: [] })],
    [
      'a confirmation that had been worked off before Redis lost its data',
      'LOST_TAP',
      wellDone({ purchases: [], charges: [], posts: [], shown: [], sent: [], wipes: [wipe()] }),
    ],
    [
      'a confirmation that was taken after Redis lost its data',
      'LOST_TAP',
      wellDone({
        ...{ purchases: [], charges: [], posts: [], shown: [], sent: [] },
        wipes: [wipe({ at: 400, waiting: new Set([CONVERSATION]) })],
      }),
    ],
    [
      'a receipt that was not on the page any more when Redis lost its data',
      'NO_RECEIPT',
      wellDone({ shown: [], wipes: [wipe({ logged: new Map([[CONVERSATION, new Set(['ordered-1'])]]) })] }),
    ],
    ['a receipt that was never sent', 'NO_RECEIPT', wellDone({ shown: [], sent: [] })],
    ['a receipt that was sent and never shown', 'NO_RECEIPT', wellDone({ shown: [] })],
    [
      'two references for one purchase',
      'OTHER_REFERENCE',
      wellDone({ sent: [told('ordered'), told('receipt'), told('receipt', { reference: 'OTHER', message: 'r-2' })] }),
    ],
    ['a receipt for what was not completed', 'OTHER_REFERENCE', endedAs('unknown', { sent: [told('receipt')] })],
    ['"failed" for what was completed', 'FALSE_WORD', wellDone({ sent: [told('receipt'), told('failed')] })],
    [
      'a purchase that moved after its end',
      'MOVED_AFTER_END',
      wellDone({ purchases: [{ ...bought, moves: ['confirmed', 'submitting', 'failed', 'completed'] }] }),
    ],
    ['a promise that is still open', 'PROMISE_OPEN', wellDone({ owed: [{ kind: 'receipt', subject: ID }] })],
  ];

  test.each(breaches)('names %s', (_what, code, evidence) => {
    const found = judge(evidence).breaches.find((breach) => breach.code === code);
    expect(found).toBeDefined();
    expect([ID, other, CONVERSATION]).toContain(found?.about);
  });

  test('has a case for every breach it knows', () => {
    const all: Record<BreachCode, true> = {
      ...{
        BOUGHT_TWICE: true,
        LATE_HUMAN: true,
        DOUBLE_CHARGE: true,
        POSTED_TWICE: true,
        CHARGED_UNKNOWN: true,
        CHARGE_DENIED: true,
        NOT_CHARGED: true,
      },
      ...{ STUCK: true, NO_HUMAN: true, LOST_ORDER: true, LOST_TAP: true, NO_RECEIPT: true, OTHER_REFERENCE: true },
      ...{ FALSE_WORD: true, MOVED_AFTER_END: true, PROMISE_OPEN: true },
    };
    expect(new Set(breaches.map(([, code]) => code))).toEqual(new Set(Object.keys(all)));
  });
});
