import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import Fastify from 'fastify';
import { cpidRoutes } from '../../bot/cpid/routes.js';
import { createTranslators } from '../../bot/i18n/index.js';
import { createLinking } from '../../bot/identity/linking.js';
import type { Proved } from '../../bot/identity/proof.js';
import { TelcoRefused } from '../../bot/telco.js';
import { openTurnHouse, type TurnHouse, Visit } from '../conversation/turns.js';
import { button, labels, offer, words } from '../flows/shop.js';

const DAY = 86_400_000;
const CPID = '4mcdczyRWzotNKja0P+nHSdA9ach8APb6focdvCkZOkO7GS5,50216';

test.each([
  ['as the operator says', 3_600, 3_600],
  ['no longer than is set, whatever the phone brings', 366 * 86_400, 30 * 86_400],
  ['no longer than is set, however absurd', 9_000_000_000, 30 * 86_400],
  ['a day where that makes no sense', 'soon', 86_400],
])('a CPID is good %s', async (_how, ttlSeconds, seconds) => {
  const proofs: Proved[] = [];
  const asker = { channel: 'slack', workspace: 'T', user: 'U', conversationId: 'slack-1', language: 'en' };
  const now = new Date('2026-11-21T12:00:00Z');
  const http = Fastify();
  http.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  await http.register(cpidRoutes, {
    settings: () => ({
      ...{ mode: 'fetch', url: 'http://cpid.example', app: 'refill', operator: 'digi', pageUrl: 'http://link.example' },
      maxTtlSeconds: 30 * 86_400,
    }),
    tickets: {
      issue: async () => 't',
      look: async () => ({ state: 'open', asker }),
      tryOnce: async () => true,
      take: async () => asker,
      putBack: async () => undefined,
    },
    translators: createTranslators(),
    linking: { complete: async (_asker, _method, proved) => proofs.push(proved) as never },
    telcoFor: () => ({ account: async () => ({}) as never }),
    onOutcome: () => undefined,
    now: () => now,
  });
  const answer = await http.inject({
    method: 'POST',
    url: '/link/token',
    headers: { 'content-type': 'application/json', 'x-refill-page': 'link', origin: 'http://link.example' },
    payload: JSON.stringify({ cpid: CPID, ttlSeconds }),
  });
  expect([answer.statusCode, answer.json()]).toEqual([200, { state: 'done' }]);
  expect(proofs.map(({ expiresAt }) => expiresAt)).toEqual([new Date(now.getTime() + seconds * 1000)]);
  await http.close();
});

describe('a line known by a CPID', () => {
  let house: TurnHouse;
  let visit: Visit;
  let unknown: boolean;
  let asked: number;
  beforeAll(async () => {
    const offers = [offer('day', '2.00')];
    const answer = async <T>(said: T): Promise<T> => {
      asked++;
      if (unknown) throw new TelcoRefused('invalid-number');
      return said;
    };
    house = await openTurnHouse(offers, {
      does: {
        balance: () => answer({ plans: [], money: '25.00' }),
        account: () => answer({ type: 'prepaid', currency: 'MYR', wallets: [] } as const),
        offers: () => answer({ state: 'need-offers', offers } as const),
      },
    });
    const { ledger } = house;
    const page = { method: 'cpid', begin: async () => ({ url: 'http://link.example/link/x', validForMs: 600_000 }) };
    const linking = createLinking({
      ...{ ledger, methods: new Set(['cpid'] as const), answers: [], pages: [page as never], youngForMs: 0 },
      ...{ operatorOf: async () => undefined, country: undefined, soon: async () => undefined },
    });
    house = { ...house, deps: { ...house.deps, linking } } as TurnHouse;
  }, 60_000);
  afterAll(() => house.close());
  beforeEach(async () => {
    [unknown, asked] = [false, 0];
    visit = new Visit(house);
  });

  /** Proved now, for thirty days; `days` of them are over. */
  async function daysLater(days: number): Promise<void> {
    const proof = {
      operator: 'digi',
      key: { type: 'CPID', value: CPID } as const,
      method: 'cpid',
      source: 'web',
    } as const;
    const expiresAt = new Date(Date.now() + 30 * DAY);
    const who = { channel: 'test', workspace: '', user: visit.id };
    const link = await house.ledger.linkLine(who, { ...proof, expiresAt, youngForMs: 0, choose: true });
    Object.assign(house.deps, {
      identity: { resolve: async () => ({ line: link.line, link }) },
      now: () => new Date(Date.now() + days * DAY),
    });
  }

  test('shows its balance, and offers to renew the CPID while its time is nearly over', async () => {
    await daysLater(10);
    const early = await visit.say('balance');
    expect(words(early)).toContain('25.00');
    expect(labels(early)).not.toContain('Confirm it is mine');
    await daysLater(25);
    const late = await visit.say('balance');
    expect(words(late)).toContain('25.00');
    expect(words(late)).toContain('This phone is confirmed until');
    const ways = await visit.token(button(late, 'Confirm it is mine'));
    expect(words(await visit.token(button(ways, 'Use mobile data')))).toContain('http://link.example/link/x');
  });

  test.each(['balance', 'offers'])(
    'whose time is over asks the telco for no %s, and asks to be confirmed',
    async (what) => {
      await daysLater(31);
      const over = await visit.say(what);
      expect(words(over)).toContain('confirm it on the phone once more');
      expect(labels(over)).toContain('Confirm it is mine');
      expect(asked).toBe(0);
    },
  );

  test.each(['balance', 'offers'])(
    'whose CPID the telco knows no more is not called a wrong number (%s)',
    async (what) => {
      await daysLater(1);
      unknown = true;
      const over = await visit.say(what);
      expect(words(over)).not.toContain('does not know this number');
      expect(words(over)).toContain('confirm it on the phone once more');
      expect(labels(over)).toContain('Confirm it is mine');
    },
  );
});
