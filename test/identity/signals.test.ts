import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import type { ChatUser } from '../../bot/domain/chat-user.js';
import type { Signal } from '../../bot/domain/link.js';
import { linkedIdentity } from '../../bot/identity/linked.js';
import { applySignal } from '../../bot/identity/signals.js';
import type { NewLink } from '../../bot/ledger/identities.js';
import { MIGRATIONS } from '../../bot/stores/database.js';
import { type IdentityStore, STORES, without } from './stores.js';

const HOUR = 3_600_000;
const limits = { day: [{ amount: '5.00', currency: 'MYR' }], week: [] };

describe.each(STORES)(`what was said of a SIM, on %s${without}`, (_name, open) => {
  let store: IdentityStore;
  beforeAll(async () => {
    store = await open({ newLinkLimits: limits });
  }, 60_000);
  afterAll(() => store.close());

  const someone = (channel = 'slack'): ChatUser => ({ channel, workspace: 'T1', user: randomUUID() });
  let numbers = 60_117_000_000;
  const number = () => ({ type: 'MSISDN', value: String(numbers++) }) as const;
  const placeOf = ({ channel, user }: ChatUser) => `${channel}-${user}`;
  /** Proves a number by code, in a chat where they can be reached; a moment later than what was before. */
  const prove = async (who: ChatUser, key: NewLink['key'], change: Partial<NewLink> = {}) => {
    store.wait(1000);
    const proof = {
      operator: 'digi',
      key,
      method: 'code',
      source: 'chat',
      youngForMs: 24 * HOUR,
      choose: true,
    } as const;
    const made = await store.ledger.linkLine(who, { ...proof, ...change });
    await store.ledger.saveConversation({
      id: placeOf(who),
      origin: { ...who, address: 'here' },
      lineId: made.line.id,
    });
    return made;
  };
  const listed = (who: ChatUser, key: ReturnType<typeof number>) => ({ ...who, operator: 'digi', key });
  const list = async (who: ChatUser, key: ReturnType<typeof number>) => {
    store.wait(1000);
    await store.ledger.saveLinks([listed(who, key)], 'staff.csv');
    const made = (await store.ledger.linkedUser(who))?.links.find(({ line }) => line.key.value === key.value);
    if (made === undefined) throw new Error('not listed');
    const origin = { ...who, address: 'here' };
    await store.ledger.saveConversation({ id: placeOf(who), origin, lineId: made.line.id });
    return made;
  };
  const say = (key: { value: string }, reason: Signal, at?: Date) => {
    store.wait(1000);
    return applySignal(
      store.ledger,
      { operator: 'digi', msisdn: key.value },
      { what: 'block', reason, at, by: 'test' },
    );
  };
  const takeBack = (key: { value: string }, reason: Signal) =>
    applySignal(store.ledger, { operator: 'digi', msisdn: key.value }, { what: 'unblock', reason, by: 'test' });
  const standing = async (who: ChatUser) =>
    (await store.ledger.linkedUser(who))?.links.map(({ state, reason }) => (state === 'active' ? state : reason));
  const order = (who: ChatUser, lineId: string, amount = '2.00') =>
    store.ledger.openPurchase({
      ...{ id: randomUUID(), confirmation: randomUUID(), lineId, conversationId: placeOf(who) },
      terms: { planId: 'p', planName: [], price: { amount, currency: 'MYR' }, fundSource: 'wallet' },
    });
  const noticesOf = async (linkId: string) =>
    (await store.ledger.dueOutbox(new Date(store.now().getTime() + 1000), 60_000, 500))
      .filter(({ kind, subject }) => kind === 'link-notice' && subject.startsWith(`${linkId}:`))
      .map(({ conversationId }) => conversationId);
  /** Who writes on WhatsApp. */
  const writes = (who: ChatUser) => {
    const methods = new Set(['whatsapp', 'code', 'directory'] as const);
    const operatorOf = async () => 'digi';
    const identity = linkedIdentity({ ledger: store.ledger, methods, operatorOf, youngForMs: 24 * HOUR });
    return identity.resolve({ ...who, address: 'here' });
  };

  describe('counts for whoever proves the number next', () => {
    test('who took the SIM over spends little, and whoever had it is told, and removes them', async () => {
      const [owner, thief] = [someone('whatsapp'), someone()];
      const key = number();
      await prove(owner, key);
      await say(key, 'sim-swap');
      const stolen = await prove(thief, key);
      expect(stolen.youngUntil).toEqual(new Date(store.now().getTime() + 24 * HOUR));
      expect(await order(thief, stolen.line.id, '50.00')).toMatchObject({ outcome: 'over-limit' });
      expect(await noticesOf(stolen.id)).toEqual([placeOf(owner)]);
      expect(await store.ledger.objectToLink(stolen.id, owner)).toBe(true);
      expect(await order(thief, stolen.line.id)).toMatchObject({
        outcome: 'barred',
        hindrance: { reason: 'objected' },
      });
    });

    test('also where nobody had linked it, or nobody has it any more, and giving it up in between helps nobody', async () => {
      const [fresh, left, thief] = [number(), number(), someone()];
      const owner = someone();
      const had = await prove(owner, left);
      await store.ledger.unlinkLine(owner, had.line.id, 'user');
      for (const key of [fresh, left]) {
        await say(key, 'sim-swap');
        const first = await prove(thief, key);
        expect(first.youngUntil).toBeDefined();
        await store.ledger.unlinkLine(thief, first.line.id, 'user');
        const again = await prove(thief, key);
        expect(await order(thief, again.line.id, '50.00')).toMatchObject({ outcome: 'over-limit' });
      }
      // Who proved it since is not young again each time.
      store.wait(25 * HOUR);
      const aged = await prove(thief, fresh);
      expect(await order(thief, aged.line.id, '50.00')).toMatchObject({ outcome: 'opened' });
    });

    test('and is as before once it was taken back', async () => {
      const key = number();
      await say(key, 'sim-swap');
      await takeBack(key, 'sim-swap');
      expect((await prove(someone(), key)).youngUntil).toBeUndefined();
    });
  });

  describe('outlives that the number is given up', () => {
    test.each([
      ['before', false],
      ['after', true],
    ])('%s giving it up: it is not had again without a proof', async (_when, blockedFirst) => {
      const who = someone();
      const key = number();
      const { line } = await list(who, key);
      if (blockedFirst) await say(key, 'recycled');
      await store.ledger.unlinkLine(who, line.id, 'user');
      if (!blockedFirst) await say(key, 'recycled');
      expect((await store.ledger.linkedUser(who))?.given).toMatchObject([{ barred: 'recycled' }]);
      expect(await store.ledger.restoreLine(who, line.id, 0)).toEqual({ outcome: 'barred', reason: 'recycled' });
      expect(await standing(who)).toEqual([]);
      await prove(who, key);
      expect(await standing(who)).toEqual(['active']);
    });

    test('and without one it is had again as it was, on the proof from then', async () => {
      const who = someone();
      const key = number();
      const { line, provedAt } = await list(who, key);
      await say(key, 'recycled');
      await store.ledger.unlinkLine(who, line.id, 'user');
      await takeBack(key, 'recycled');
      store.wait(1000);
      expect(await store.ledger.restoreLine(who, line.id, 0)).toMatchObject({
        outcome: 'restored',
        link: { provedAt },
      });
      expect((await store.ledger.linkedUser(who))?.lineId).toBe(line.id);
      expect(await store.ledger.restoreLine(who, line.id, 0)).toEqual({ outcome: 'unknown' });
      expect(await store.ledger.restoreLine(someone(), line.id, 0)).toEqual({ outcome: 'unknown' });
    });

    test('what a user objected to does too', async () => {
      const [owner, other] = [someone(), someone()];
      const key = number();
      await list(owner, key);
      const later = await list(other, key);
      await store.ledger.objectToLink(later.id, owner);
      await store.ledger.unlinkLine(other, later.line.id, 'user');
      expect(await store.ledger.restoreLine(other, later.line.id, 0)).toEqual({
        outcome: 'barred',
        reason: 'objected',
      });
    });
  });

  describe('outlives being forgotten', () => {
    const whatsapp = (key: { value: string }) => ({ channel: 'whatsapp', workspace: 'W1', user: key.value });

    test.each(['sim-swap', 'recycled', 'operator'] as const)(
      '%s: the platform links nobody by itself',
      async (reason) => {
        const key = number();
        const who = whatsapp(key);
        expect((await writes(who))?.link).toMatchObject({ state: 'active' });
        await say(key, reason);
        await store.ledger.finishErasure(
          (await store.ledger.outboxItem(await store.ledger.beginErasure(who, placeOf(who))))?.subject ?? '',
        );
        store.wait(1000);
        expect(await writes(who)).toBeUndefined();
        expect(await store.ledger.linkedUser(who)).toBeUndefined();
        // Nor is the number kept again for having been asked about.
        expect((await store.ledger.findLine('digi', key))?.key.value).toBe('');
        const proved = await prove(who, key);
        expect(proved.youngUntil).toBeDefined();
        expect((await writes(who))?.link).toMatchObject({ state: 'active' });
      },
    );

    test('of a number given to somebody else an account from before is no proof, until a code was one', async () => {
      const key = number();
      const who = whatsapp(key);
      const own = {
        operator: 'digi',
        key,
        method: 'whatsapp',
        source: 'chat',
        youngForMs: HOUR,
        choose: true,
      } as const;
      await say(key, 'recycled');
      expect(await store.ledger.vouchLine(who, own)).toEqual({ refused: 'recycled' });
      expect(await store.ledger.findLine('digi', key)).toBeUndefined();
      await prove(who, key);
      expect(await store.ledger.vouchLine(who, own)).toMatchObject({ state: 'active' });
    });

    test('a list does not help either', async () => {
      const who = someone();
      const key = number();
      await list(who, key);
      await say(key, 'recycled');
      await store.ledger.beginErasure(who, placeOf(who));
      await prove(who, number());
      store.wait(1000);
      await store.ledger.saveLinks([listed(who, key)], 'staff.csv');
      expect(await standing(who)).toEqual(['active', 'recycled']);
    });
  });

  describe('is not lifted by a list', () => {
    test('that takes a user out and lists them again', async () => {
      const who = someone();
      const key = number();
      const { line } = await list(who, key);
      await say(key, 'sim-swap');
      await store.ledger.unlinkListed([who], 'api:staff');
      await list(who, key);
      expect(await standing(who)).toEqual(['sim-swap']);
      expect(await order(who, line.id)).toMatchObject({ outcome: 'barred', hindrance: { reason: 'sim-swap' } });
      await takeBack(key, 'sim-swap');
      expect(await standing(who)).toEqual(['active']);
    });

    test('that lists another number and then the first, nor what a user objected to', async () => {
      const [owner, who] = [someone(), someone()];
      const [key, other] = [number(), number()];
      await list(owner, key);
      const { id } = await list(who, key);
      await store.ledger.objectToLink(id, owner);
      await list(who, other);
      await list(who, key);
      expect(await standing(who)).toEqual(['objected']);
    });

    test('that names a number for the first time: it is proved first', async () => {
      const who = someone();
      const key = number();
      await say(key, 'recycled');
      const { line } = await list(who, key);
      expect(await standing(who)).toEqual(['recycled']);
      expect(await order(who, line.id)).toMatchObject({ outcome: 'barred' });
      await prove(who, key);
      expect(await standing(who)).toEqual(['active']);
    });
  });

  describe('is taken back', () => {
    test('by its reason: another one goes on counting', async () => {
      const who = someone();
      const key = number();
      await prove(who, key);
      await say(key, 'operator');
      await say(key, 'sim-swap');
      expect(await takeBack(key, 'sim-swap')).toMatchObject({ links: 0 });
      expect(await standing(who)).toEqual(['operator']);
      expect(await takeBack(key, 'operator')).toMatchObject({ links: 1 });
      expect(await standing(who)).toEqual(['active']);
    });

    test('without what users said, before it or after', async () => {
      const [owner, other, moved] = [someone(), someone(), someone('whatsapp')];
      const key = number();
      await prove(owner, key);
      const later = await prove(other, key);
      await prove(moved, key);
      await say(key, 'recycled');
      await prove(owner, key);
      await store.ledger.blockUser(moved, 'number-change', 'whatsapp:moved');
      const [first, second] = [someone(), someone()];
      const shared = number();
      await prove(first, shared);
      const newer = await prove(second, shared);
      await say(shared, 'sim-swap');
      expect(await store.ledger.objectToLink(newer.id, first)).toBe(true);
      await takeBack(shared, 'sim-swap');
      expect([await standing(first), await standing(second)]).toEqual([['active'], ['objected']]);
      await takeBack(key, 'recycled');
      expect([await standing(other), await standing(moved)]).toEqual([['active'], ['number-change']]);
      expect((await store.ledger.linkEvents(later.id)).map(({ what, by }) => [what, by]).slice(1)).toEqual([
        ['blocked', 'test:recycled'],
        ['unblocked', 'test:unblock:recycled'],
      ]);
    });
  });

  describe('of a feed that is sent again', () => {
    test('leaves alone who proved the number since it happened', async () => {
      const [who, other] = [someone(), someone()];
      const key = number();
      const { line } = await prove(who, key);
      await prove(other, key);
      store.wait(1000);
      const at = store.now();
      expect(await say(key, 'sim-swap', at)).toMatchObject({ links: 2 });
      await prove(who, key);
      expect(await say(key, 'sim-swap', at)).toMatchObject({ links: 0 });
      expect([await standing(who), await standing(other)]).toEqual([['active'], ['sim-swap']]);
      store.wait(25 * HOUR);
      expect(await order(who, line.id, '50.00')).toMatchObject({ outcome: 'opened' });
      // Without it, it is of now.
      expect(await say(key, 'sim-swap')).toMatchObject({ links: 1 });
    });

    test('from a clock that is ahead bars nobody for longer', async () => {
      const who = someone();
      const key = number();
      await say(key, 'sim-swap', new Date(store.now().getTime() + 48 * HOUR));
      const { line } = await prove(who, key);
      expect(await order(who, line.id)).toMatchObject({ outcome: 'opened' });
    });
  });

  test('is found in what was blocked before it was kept', async () => {
    const [who, left] = [someone(), someone()];
    const key = number();
    const { line } = await prove(who, key);
    await list(left, key);
    await say(key, 'recycled');
    await store.ledger.unlinkLine(left, line.id, 'user');
    const run = (statement: string) => store.database.drizzle.execute(sql.raw(statement));
    await run('delete from line_signals');
    await run("update line_links set blocks = '{}'");
    const backfill = readFileSync(join(MIGRATIONS, '0023_signals-backfill.sql'), 'utf8');
    for (const statement of backfill.split('--> statement-breakpoint')) await run(statement);
    expect(await store.ledger.restoreLine(left, line.id, 0)).toEqual({ outcome: 'barred', reason: 'recycled' });
    expect((await prove(someone(), key)).youngUntil).toBeDefined();
    expect(await takeBack(key, 'recycled')).toMatchObject({ links: 1 });
  });

  test('counts for who is known by a CPID, once that is known to be the number, though nobody has it any more', async () => {
    const [owner, other] = [someone(), someone()];
    const key = number();
    await prove(owner, key);
    const expiresAt = new Date(store.now().getTime() + 24 * HOUR);
    const token = { type: 'CPID', value: `${randomUUID()},50216` } as const;
    const theirs = await prove(other, token, { method: 'cpid', expiresAt });
    await say(key, 'recycled');
    await store.ledger.beginErasure(owner, placeOf(owner));
    expect(await standing(other)).toEqual(['active']);
    expect(await store.ledger.nameSim(theirs.line, key)).toBe(true);
    expect(await standing(other)).toEqual(['recycled']);
  });

  test('is asked at the purchase too, where it did not reach a link', async () => {
    const who = someone();
    const key = number();
    const { line } = await prove(who, key);
    store.wait(1000);
    await store.ledger.noteSignal('digi', key.value, 'sim-swap');
    expect(await standing(who)).toEqual(['active']);
    expect(await order(who, line.id)).toMatchObject({ outcome: 'barred', hindrance: { reason: 'sim-swap' } });
    await prove(who, key);
    expect(await order(who, line.id)).toMatchObject({ outcome: 'opened' });
  });
});
