import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { NOTIFICATION_TYPES } from '../../bot/domain/notification.js';
import { createWatch } from '../../bot/inbox.js';
import type { Message } from '../../bot/message/message.js';
import { createMetrics } from '../../bot/metrics.js';
import { openTurnHouse, type TurnHouse, Visit } from '../conversation/turns.js';
import { silent } from '../support/stores.js';
import { button, labels, offer, words } from './shop.js';

/* Yes and no to alerts: what ends them, and what is only polite. */

const HOUR = 3_600_000;

let house: TurnHouse;
beforeAll(async () => {
  const named = (text: string) => ({ name: [{ language: 'en', text }] });
  house = await openTurnHouse([
    offer('non-stop', '5.00', named('Non-Stop 5 GB')),
    offer('alto', '6.00', named('Plan Alto')),
    offer('baja', '7.00', named('Tarifa Baja')),
  ]);
}, 60_000);
afterAll(() => house.close());

test.each([
  ['before a yes that came first leaves it', 6, NOTIFICATION_TYPES.length],
  ['after a yes that came first ends the alerts', 4, 0],
])('a stop that comes late and was said %s', async (_when, hoursAgo, left) => {
  const visit = new Visit(house);
  const yes = { kind: 'press', token: 'nudges.on', saidAt: Date.now() - 5 * HOUR };
  await visit.hear(yes as Parameters<Visit['hear']>[0]);
  expect((await house.ledger.consents(visit.id)).size).toBe(NOTIFICATION_TYPES.length);
  const watch = createWatch({ ledger: house.ledger, metrics: createMetrics() }, undefined as never, silent);
  await watch.optedOut(visit.id, 'whatsapp:said-stop', Date.now() - hoursAgo * HOUR);
  expect((await house.ledger.consents(visit.id)).size).toBe(left);
});

test('a yes that comes late and was said before a stop changes nothing, and says so', async () => {
  const visit = new Visit(house);
  const watch = createWatch({ ledger: house.ledger, metrics: createMetrics() }, undefined as never, silent);
  await watch.optedOut(visit.id, 'whatsapp:stop', Date.now() - 4 * HOUR);
  const yes = { kind: 'press', token: 'nudges.on', saidAt: Date.now() - 5 * HOUR };
  const answer = await visit.hear(yes as Parameters<Visit['hear']>[0]);
  expect((await house.ledger.consents(visit.id)).size).toBe(0);
  expect(words(answer)).toContain('All right, no alerts');
});

/** How many kinds of alert a chat agreed to. */
const alertsOf = async (visit: Visit) => (await house.ledger.consents(visit.id)).size;

/** A chat in this language that agreed to all alerts. */
async function agreed(language = 'English'): Promise<Visit> {
  const visit = new Visit(house);
  await visit.token('nudges.on');
  await visit.token(button(await visit.say('language'), language));
  return visit;
}

test('a word that stands in the offer of alerts agrees to nothing; its whole label does', async () => {
  for (const [word, left] of [
    ['time', 0],
    ['warn', 0],
    ['Warn me in time', NOTIFICATION_TYPES.length],
  ] as const) {
    const visit = new Visit(house);
    await visit.say('hello');
    await visit.say(word);
    expect([word, await alertsOf(visit)]).toEqual([word, left]);
  }
});

/** The alert that its data is low. */
async function alerted(visit: Visit): Promise<Message | undefined> {
  const nudge = await house.ledger.addNudge({
    operator: 'digi',
    transactionId: visit.id,
    type: 'low-data',
    lineId: house.line.id,
    conversationId: visit.id,
    planName: [{ language: 'en', text: 'Super' }],
  });
  return visit.hear({ kind: 'system', name: 'nudge', ref: nudge?.id ?? '' } as Parameters<Visit['hear']>[0]);
}

test.each([
  ['English', ['Thanks', 'no', 'no thanks', 'alerts']],
  ['Español', ['gracias', 'no', 'no gracias', 'avisos']],
  ['اردو', ['شکریہ', 'نہیں', 'الرٹس']],
])(
  'a polite word under an alert in %s ends nothing; the whole label, its number or its button does',
  async (language, polite) => {
    for (const word of polite) {
      const visit = await agreed(language);
      expect(await alerted(visit)).toBeDefined();
      await visit.say(word);
      expect([word, await alertsOf(visit)]).toEqual([word, NOTIFICATION_TYPES.length]);
    }
    for (const how of ['label', 'number', 'button']) {
      const visit = await agreed(language);
      const alert = await alerted(visit);
      const last = labels(alert).length;
      if (how === 'button') await visit.token(alert?.actions.at(-1)?.token ?? '');
      else await visit.say(how === 'label' ? (labels(alert).at(-1) ?? '') : String(last));
      expect([how, await alertsOf(visit)]).toEqual([how, 0]);
    }
  },
);

test.each(['hello', 'settings'])('nor does one under what answers %j', async (asked) => {
  const visit = new Visit(house);
  if (asked === 'settings') await visit.token('nudges.on');
  expect(labels(await visit.say(asked))).toContain('No alerts, thanks');
  expect(words(await visit.say('thanks'))).not.toContain('no alerts. You can');
});

test.each(['stop', 'Alto!', 'baja', 'STOP'])(
  '%j ends the alerts, whatever plan has that word in its name',
  async (word) => {
    for (const where of ['list', 'alert']) {
      const visit = await agreed();
      const before = where === 'list' ? await visit.say('offers') : await alerted(visit);
      expect(words(before)).toContain('Non-Stop 5 GB');
      expect(words(await visit.say(word))).toContain('no more alerts');
      expect([where, await alertsOf(visit)]).toEqual([where, 0]);
    }
  },
);

test.each(['non stop', 'plan alto', '1'])('%j still picks the plan', async (typed) => {
  const visit = await agreed();
  await visit.say('offers');
  expect(words(await visit.say(typed))).toContain('All about');
  expect(await alertsOf(visit)).toBe(NOTIFICATION_TYPES.length);
});
