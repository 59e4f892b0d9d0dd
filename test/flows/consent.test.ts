import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { NOTIFICATION_TYPES } from '../../bot/domain/notification.js';
import { createWatch } from '../../bot/inbox.js';
import { createMetrics } from '../../bot/metrics.js';
import { openTurnHouse, type TurnHouse, Visit } from '../conversation/turns.js';
import { silent } from '../support/stores.js';
import { offer } from './shop.js';

/* Yes and no to alerts, where a platform delivers what was said hours later and in another order. */

const HOUR = 3_600_000;

let house: TurnHouse;
beforeAll(async () => {
  house = await openTurnHouse([offer('day', '5.00')]);
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
