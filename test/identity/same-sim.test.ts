import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import type { ChatUser } from '../../bot/domain/chat-user.js';
import type { NewLink } from '../../bot/ledger/identities.js';
import { type IdentityStore, STORES, without } from './stores.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const limits = { day: [{ amount: '50.00', currency: 'MYR' }], week: [] };
const newLinkLimits = { day: [{ amount: '5.00', currency: 'MYR' }], week: [] };

describe.each(STORES)(`a SIM that is linked by its number and by a CPID, on %s${without}`, (_name, open) => {
  let store: IdentityStore;
  beforeAll(async () => {
    store = await open({ limits, newLinkLimits });
  }, 60_000);
  afterAll(() => store.close());

  const someone = (channel = 'slack'): ChatUser => ({ channel, workspace: 'T1', user: randomUUID() });
  let numbers = 60_112_000_000;
  const byNumber = (value = String(numbers++), change: Partial<NewLink> = {}): NewLink => ({
    operator: 'digi',
    key: { type: 'MSISDN', value },
    method: 'code',
    source: 'chat',
    youngForMs: DAY,
    choose: true,
    ...change,
  });
  const byCpid = (value = `${randomUUID()},50216`, change: Partial<NewLink> = {}): NewLink => ({
    ...byNumber(),
    key: { type: 'CPID', value },
    method: 'cpid',
    expiresAt: new Date(store.now().getTime() + 30 * DAY),
    ...change,
  });
  const placeOf = ({ channel, user }: ChatUser) => `${channel}-${user}`;
  /** Links, and is where they can be reached. */
  const linked = async (who: ChatUser, link: NewLink) => {
    const made = await store.ledger.linkLine(who, link);
    const place = { id: placeOf(who), origin: { ...who, address: 'here' }, lineId: made.line.id };
    await store.ledger.saveConversation(place);
    return made;
  };
  const order = (who: ChatUser, lineId: string, amount = '2.00', ledger = store.ledger) =>
    ledger.openPurchase({
      id: randomUUID(),
      confirmation: randomUUID(),
      lineId,
      conversationId: placeOf(who),
      terms: { planId: 'p', planName: [], price: { amount, currency: 'MYR' }, fundSource: 'wallet' },
    });
  const completed = async (who: ChatUser, lineId: string, amount: string) => {
    const opened = await order(who, lineId, amount);
    if (opened.outcome !== 'opened') throw new Error(`was to open, is ${opened.outcome}`);
    await store.ledger.movePurchase(opened.purchase.id, 'submit');
    await store.ledger.movePurchase(opened.purchase.id, 'completed');
  };
  /** Who is owed word that somebody linked their line, by conversation. */
  const owedNotices = async (linkId: string) => {
    const due = await store.ledger.dueOutbox(store.now(), 1, 500);
    return due
      .filter(({ kind, subject }) => kind === 'link-notice' && subject.startsWith(`${linkId}:`))
      .map(({ conversationId }) => conversationId);
  };

  describe('by one chat user, while nobody knows whether it is one', () => {
    test.each(['number first', 'CPID first'])('has one open purchase, %s', async (which) => {
      const who = someone();
      const number = await linked(who, byNumber());
      const cpid = await linked(who, byCpid());
      const [first, second] = which === 'number first' ? [number, cpid] : [cpid, number];
      const opened = await order(who, first.line.id);
      expect(opened).toMatchObject({ outcome: 'opened' });
      expect(await order(who, second.line.id)).toMatchObject({
        outcome: 'busy',
        purchase: { lineId: first.line.id },
      });
    });

    test('has one, also of eight taps at once on both', async () => {
      const who = someone();
      const lines = [await linked(who, byNumber()), await linked(who, byCpid())];
      const outcomes = await Promise.all(
        Array.from({ length: 8 }, (_, n) =>
          order(who, lines[n % 2]?.line.id ?? '', '2.00', n % 4 < 2 ? store.ledger : store.again()),
        ),
      );
      expect(outcomes.filter(({ outcome }) => outcome === 'opened')).toHaveLength(1);
      expect(outcomes.filter(({ outcome }) => outcome === 'busy')).toHaveLength(7);
    });

    test('spends no more than one line may, and no more than a new one in its first hours', async () => {
      const who = someone();
      const number = await linked(who, byNumber());
      const cpid = await linked(who, byCpid());
      await completed(who, cpid.line.id, '4.00');
      expect(await order(who, cpid.line.id, '1.01')).toMatchObject({ outcome: 'over-limit' });
      expect(await order(who, number.line.id, '46.01')).toMatchObject({
        outcome: 'over-limit',
        over: { left: { amount: '46.00' } },
      });
      await completed(who, number.line.id, '46.00');
      store.wait(25 * HOUR - 1);
      // A day later the CPID is as good as the number, and both begin anew, together.
      await completed(who, number.line.id, '30.00');
      expect(await order(who, cpid.line.id, '20.01')).toMatchObject({ outcome: 'over-limit' });
      expect(await order(who, cpid.line.id, '20.00')).toMatchObject({ outcome: 'opened' });
    });

    test('begins nothing anew by giving one of them up', async () => {
      const who = someone();
      const number = await linked(who, byNumber());
      await completed(who, number.line.id, '49.00');
      await store.ledger.unlinkLine(who, number.line.id, 'user');
      const cpid = await linked(who, byCpid());
      expect(await order(who, cpid.line.id, '1.01')).toMatchObject({ outcome: 'over-limit' });
    });

    test('does not show somebody what became of a line they gave up', async () => {
      const [who, next] = [someone(), someone()];
      const key = String(numbers++);
      const number = await linked(who, byNumber(key));
      await store.ledger.unlinkLine(who, number.line.id, 'user');
      await linked(next, byNumber(key));
      expect(await order(next, number.line.id)).toMatchObject({ outcome: 'opened' });
      const cpid = await linked(who, byCpid());
      expect(await order(who, cpid.line.id)).toMatchObject({ outcome: 'opened' });
    });

    test('is not taken for one where it cannot be: two numbers, two operators, two people', async () => {
      const who = someone();
      const [one, two] = [await linked(who, byNumber()), await linked(who, byNumber())];
      const abroad = await linked(who, byCpid(undefined, { operator: 'celcom' }));
      for (const { line } of [one, two, abroad]) expect(await order(who, line.id)).toMatchObject({ outcome: 'opened' });
      const other = someone();
      const { line } = await linked(other, byCpid());
      expect(await order(other, line.id)).toMatchObject({ outcome: 'opened' });
    });
  });

  describe('by two chat users, with the same CPID', () => {
    test('is one: the first is told and may object, and one may buy at a time', async () => {
      const [first, second] = [someone('whatsapp'), someone()];
      const token = `${randomUUID()},50216`;
      const mine = await linked(first, byCpid(token));
      store.wait(1000);
      const theirs = await linked(second, byCpid(token));
      expect(await owedNotices(theirs.id)).toEqual([placeOf(first)]);
      expect(await order(first, mine.line.id)).toMatchObject({ outcome: 'opened' });
      expect(await order(second, theirs.line.id)).toMatchObject({ outcome: 'busy' });
      expect(await store.ledger.lineOfLink(theirs.id, first)).toBeDefined();
      expect((await store.ledger.linksOfLine(mine.line.id, first)).map(({ id }) => id)).toEqual([mine.id, theirs.id]);
      expect(await store.ledger.objectToLink(mine.id, second)).toBe(false);
      expect(await store.ledger.objectToLink(theirs.id, first)).toBe(true);
      expect(await order(second, theirs.line.id)).toMatchObject({ outcome: 'barred' });
    });

    test('that was renewed since is not known to be one any more', async () => {
      const [first, second] = [someone(), someone()];
      const token = `${randomUUID()},50216`;
      const mine = await linked(first, byCpid(token));
      await linked(first, byCpid());
      const theirs = await linked(second, byCpid(token));
      expect(await owedNotices(theirs.id)).toEqual([]);
      expect(await order(first, mine.line.id)).toMatchObject({ outcome: 'opened' });
      expect(await order(second, theirs.line.id)).toMatchObject({ outcome: 'opened' });
    });

    test('brought by ten at once is one for all of them', async () => {
      const token = `${randomUUID()},50216`;
      const people = Array.from({ length: 10 }, () => someone());
      const made = await Promise.all(people.map((who) => linked(who, byCpid(token))));
      const outcomes = await Promise.all(people.map((who, n) => order(who, made[n]?.line.id ?? '')));
      expect(outcomes.filter(({ outcome }) => outcome === 'opened')).toHaveLength(1);
    });
  });

  describe('by two chat users, one by the number', () => {
    /** The owner by number, and somebody who has the same SIM by a CPID: nobody knows. */
    const apart = async () => {
      const [owner, other] = [someone('whatsapp'), someone()];
      const value = String(numbers++);
      const mine = await linked(owner, byNumber(value));
      store.wait(1000);
      const theirs = await linked(other, byCpid());
      return { owner, other, mine, theirs, said: { type: 'MSISDN', value } as const };
    };

    test('is two lines, until the telco calls the one by the other’s number', async () => {
      const { owner, other, mine, theirs, said } = await apart();
      expect(await owedNotices(theirs.id)).toEqual([]);
      expect(await order(owner, mine.line.id)).toMatchObject({ outcome: 'opened' });
      expect(await order(other, theirs.line.id)).toMatchObject({ outcome: 'opened' });

      expect(await store.ledger.nameSim(theirs.line, said)).toBe(true);
      expect(await owedNotices(theirs.id)).toEqual([placeOf(owner)]);
      expect(await store.ledger.nameSim(theirs.line, said)).toBe(false);
      expect(await order(other, theirs.line.id)).toMatchObject({ outcome: 'busy' });
      expect(await store.ledger.objectToLink(theirs.id, owner)).toBe(true);
      const { rows } = (await store.database.drizzle.execute(
        sql`select * from lines where id = ${theirs.line.id}`,
      )) as unknown as { rows: unknown[] };
      expect(rows).toHaveLength(1);
      expect(JSON.stringify(rows)).not.toContain(said.value);
    });

    test('is one limit from then on', async () => {
      const { owner, other, mine, theirs, said } = await apart();
      await store.ledger.nameSim(theirs.line, said);
      store.wait(25 * HOUR);
      await completed(other, theirs.line.id, '30.00');
      expect(await order(owner, mine.line.id, '20.01')).toMatchObject({ outcome: 'over-limit' });
    });

    test('is known too when the order went by the number and the telco named the CPID', async () => {
      const { mine, theirs } = await apart();
      expect(await store.ledger.nameSim(mine.line, theirs.line.key)).toBe(true);
      expect(await owedNotices(theirs.id)).not.toEqual([]);
      expect(await store.ledger.nameSim(mine.line, { type: 'CPID', value: 'nobody+s,50216' })).toBe(false);
      expect(await store.ledger.nameSim(mine.line, { type: 'OPET', value: 'token' })).toBe(false);
    });

    test('tells who links the number afterwards, and the one who had it by the CPID', async () => {
      const { theirs, said, other } = await apart();
      await store.ledger.nameSim(theirs.line, said);
      const late = await linked(someone('teams'), byNumber(said.value));
      expect(late.youngUntil).toBeDefined();
      expect(await owedNotices(late.id)).toContain(placeOf(other));
    });

    test('and whose CPID was renewed before that could be noted stays unknown: it may be another SIM by now', async () => {
      const { owner, other, mine, theirs, said } = await apart();
      const renewed = await linked(other, byCpid());
      expect(renewed.line.id).toBe(theirs.line.id);
      expect(await store.ledger.nameSim(theirs.line, said)).toBe(false);
      expect(await owedNotices(theirs.id)).toEqual([]);
      expect(await order(owner, mine.line.id)).toMatchObject({ outcome: 'opened' });
      expect(await order(other, theirs.line.id)).toMatchObject({ outcome: 'opened' });
      expect(await store.ledger.nameSim(renewed.line, said)).toBe(true);
    });

    test('of a telco that says so twice at once is told once', async () => {
      const { theirs, said } = await apart();
      const told = await Promise.all(
        Array.from({ length: 6 }, (_, n) => (n % 2 === 0 ? store.ledger : store.again()).nameSim(theirs.line, said)),
      );
      expect(told).toContain(true);
      expect(await owedNotices(theirs.id)).toHaveLength(1);
    });

    test('named another number by the telco is neither the one nor perhaps it', async () => {
      const who = someone();
      const number = await linked(who, byNumber());
      const cpid = await linked(who, byCpid());
      await store.ledger.nameSim(cpid.line, { type: 'MSISDN', value: String(numbers++) });
      expect(await order(who, number.line.id)).toMatchObject({ outcome: 'opened' });
      expect(await order(who, cpid.line.id)).toMatchObject({ outcome: 'opened' });
    });
  });

  describe('when the SIM is swapped', () => {
    const standing = async (who: ChatUser) =>
      (await store.ledger.linkedUser(who))?.links
        .map(({ line, state, reason }) => [line.key.type, state, reason])
        .toSorted();
    const swap = (lineId: string, reason: 'sim-swap' | 'recycled' = 'sim-swap') =>
      store.ledger.blockLine(lineId, reason, `telco:${reason}`);

    test('its user has to prove the CPID again too, and hears of it; others’ CPIDs are left alone', async () => {
      const [who, stranger] = [someone(), someone()];
      const number = await linked(who, byNumber());
      const cpid = await linked(who, byCpid());
      const abroad = await linked(who, byCpid(undefined, { operator: 'celcom' }));
      const theirs = await linked(stranger, byCpid());
      expect(await swap(number.line.id)).toMatchObject({ links: 2 });
      expect(await order(who, cpid.line.id)).toMatchObject({
        outcome: 'barred',
        hindrance: { kind: 'blocked', reason: 'sim-swap' },
      });
      expect(await store.ledger.outboxFor('link-news', cpid.id)).toMatchObject({ conversationId: placeOf(who) });
      expect(await store.ledger.hindrance(placeOf(who), abroad.line.id)).toMatchObject({ kind: 'young' });
      expect(await store.ledger.hindrance(placeOf(stranger), theirs.line.id)).toMatchObject({ kind: 'young' });
      await linked(who, byCpid(cpid.line.key.value));
      expect(await order(who, cpid.line.id)).toMatchObject({ outcome: 'opened' });
    });

    test('giving the number up before does not help', async () => {
      const who = someone();
      const number = await linked(who, byNumber());
      const cpid = await linked(who, byCpid());
      await store.ledger.unlinkLine(who, number.line.id, 'user');
      await swap(number.line.id);
      expect(await order(who, cpid.line.id)).toMatchObject({ outcome: 'barred' });
    });

    test('known as one, every chat user of it is blocked, though nobody linked the number', async () => {
      const who = someone();
      const value = String(numbers++);
      const cpid = await linked(who, byCpid());
      await store.ledger.nameSim(cpid.line, { type: 'MSISDN', value });
      const lineId = await store.ledger.lineOfNumber('digi', value);
      expect(lineId).toBe(cpid.line.id);
      expect(await store.ledger.lineOfNumber('celcom', value)).toBeUndefined();
      await swap(lineId ?? '', 'recycled');
      expect(await order(who, cpid.line.id)).toMatchObject({ outcome: 'barred', hindrance: { reason: 'recycled' } });
    });

    test('and is known as one only later, the signal counts from then on', async () => {
      const [owner, other] = [someone(), someone()];
      const value = String(numbers++);
      const mine = await linked(owner, byNumber(value));
      const theirs = await linked(other, byCpid());
      const fresh = someone();
      store.wait(1000);
      await swap(mine.line.id);
      store.wait(1000);
      const since = await linked(fresh, byCpid());
      for (const { line } of [theirs, since]) await store.ledger.nameSim(line, { type: 'MSISDN', value });
      expect(await standing(other)).toEqual([['CPID', 'blocked', 'sim-swap']]);
      // Proved after the swap: that is the new SIM.
      expect(await standing(fresh)).toEqual([['CPID', 'active', undefined]]);
    });

    test('and that was a mistake, everything is as it was, and its users hear of it', async () => {
      const who = someone();
      const number = await linked(who, byNumber());
      const second = await linked(who, byNumber());
      const cpid = await linked(who, byCpid());
      await swap(number.line.id);
      const news = await store.ledger.outboxFor('link-news', number.id);
      await store.ledger.finishOutbox(news?.id ?? '');
      expect(await store.ledger.unblockLine(number.line.id, 'sim-swap', 'operator:mistake')).toEqual({
        links: 2,
        conversationIds: [placeOf(who), placeOf(who)],
      });
      expect(await standing(who)).toEqual([
        ['CPID', 'active', undefined],
        ['MSISDN', 'active', undefined],
        ['MSISDN', 'active', undefined],
      ]);
      expect((await store.ledger.outboxFor('link-news', number.id))?.id).not.toBe(news?.id);
      expect((await store.ledger.linkEvents(cpid.id)).map(({ what }) => what)).toEqual([
        'linked',
        'blocked',
        'unblocked',
      ]);
      // Two signals, one taken back: the CPID may be the other’s.
      await swap(number.line.id);
      await swap(second.line.id);
      expect(await store.ledger.unblockLine(number.line.id, 'sim-swap', 'operator:mistake')).toMatchObject({
        links: 1,
      });
      expect((await standing(who))?.map(([type, state]) => [type, state])).toEqual([
        ['CPID', 'blocked'],
        ['MSISDN', 'active'],
        ['MSISDN', 'blocked'],
      ]);
    });

    test('what its owner objected to is not brought back', async () => {
      const [first, second] = [someone(), someone()];
      const value = String(numbers++);
      await linked(first, byNumber(value));
      store.wait(1000);
      const theirs = await linked(second, byNumber(value));
      await store.ledger.objectToLink(theirs.id, first);
      expect(await store.ledger.unblockLine(theirs.line.id, 'operator', 'operator')).toEqual({
        links: 0,
        conversationIds: [],
      });
    });
  });
});
