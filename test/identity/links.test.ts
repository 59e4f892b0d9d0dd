import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import type { ChatUser } from '../../bot/domain/chat-user.js';
import type { NewLink } from '../../bot/ledger/identities.js';
import { type IdentityStore, STORES, without } from './stores.js';

const HOUR = 3_600_000;
const limits = { day: [{ amount: '5.00', currency: 'MYR' }], week: [] };

describe.each(STORES)(`who has a line, on %s${without}`, (_name, open) => {
  let store: IdentityStore;
  beforeAll(async () => {
    store = await open({ newLinkLimits: limits });
  }, 60_000);
  afterAll(() => store.close());

  const someone = (channel = 'slack'): ChatUser => ({ channel, workspace: 'T1', user: randomUUID() });
  let numbers = 60_111_000_000;
  const number = () => ({ type: 'MSISDN', value: String(numbers++) }) as const;
  const proof = (change: Partial<NewLink> = {}): NewLink => ({
    operator: 'digi',
    key: number(),
    method: 'code',
    source: 'chat',
    youngForMs: 24 * HOUR,
    choose: true,
    ...change,
  });
  /** Links, and is where they can be reached. */
  const settled = async (who: ChatUser, link: NewLink) => {
    const made = await store.ledger.linkLine(who, link);
    const conversationId = `${who.channel}-${who.user}`;
    await store.ledger.saveConversation({
      id: conversationId,
      origin: { ...who, address: 'here' },
      lineId: made.line.id,
    });
    return { ...made, conversationId };
  };
  const purchase = (lineId: string, conversationId: string, amount = '2.00', currency = 'MYR') => ({
    id: randomUUID(),
    confirmation: randomUUID(),
    lineId,
    conversationId,
    terms: { planId: 'p', planName: [], price: { amount, currency }, fundSource: 'wallet' as const },
  });
  const events = async (linkId: string) => (await store.ledger.linkEvents(linkId)).map(({ what, by }) => [what, by]);

  test('a chat user has several lines, one of which the chat is about', async () => {
    const who = someone();
    expect(await store.ledger.linkedUser(who)).toBeUndefined();
    const home = await store.ledger.linkLine(who, proof());
    store.wait(1);
    const office = await store.ledger.linkLine(who, proof({ label: 'Office' }));
    expect(await store.ledger.linkedUser(who)).toMatchObject({
      lineId: office.line.id,
      links: [{ line: home.line }, { line: office.line, label: 'Office' }],
    });
    expect(await store.ledger.chooseLine(who, home.line.id)).toBe(true);
    expect(await store.ledger.labelLine(who, home.line.id, 'Mine')).toBe(true);
    const user = await store.ledger.linkedUser(who);
    expect(user).toMatchObject({ lineId: home.line.id, version: 3 });
    expect(user?.links[0]?.label).toBe('Mine');
    expect(await store.ledger.chooseLine(someone(), home.line.id)).toBe(false);
    expect(await store.ledger.labelLine(someone(), home.line.id, 'Stolen')).toBe(false);
    expect(await events(home.id)).toEqual([
      ['linked', 'code:chat'],
      ['switched', 'user'],
      ['labelled', 'user'],
    ]);
  });

  test('the audit trail holds nothing personal', async () => {
    const who = someone();
    const key = number();
    const made = await store.ledger.linkLine(who, proof({ key, label: 'Secret name' }));
    const { rows } = (await store.database.drizzle.execute(
      sql`select * from link_events where link_id = ${made.id}`,
    )) as unknown as { rows: unknown[] };
    expect(rows).toHaveLength(1);
    for (const secret of [who.user, key.value, 'Secret name']) expect(JSON.stringify(rows)).not.toContain(secret);
  });

  test('a line that is given up is gone at once, and the chat is about another', async () => {
    const who = someone();
    const [one, two] = [await store.ledger.linkLine(who, proof()), await store.ledger.linkLine(who, proof())];
    expect(await store.ledger.unlinkLine(who, two.line.id, 'user')).toBe(true);
    expect(await store.ledger.unlinkLine(who, two.line.id, 'user')).toBe(false);
    const user = await store.ledger.linkedUser(who);
    expect(user?.lineId).toBeUndefined();
    expect(user?.links.map(({ id }) => id)).toEqual([one.id]);
    expect(user?.given.map(({ id }) => id)).toEqual([two.id]);
    expect(await store.ledger.chooseLine(who, two.line.id)).toBe(false);
  });

  test('a list does not bring back what its user gave up, and what it takes away is gone', async () => {
    const who = someone();
    const key = number();
    const listed = { ...who, operator: 'digi', key };
    await store.ledger.saveLinks([listed], 'staff.csv');
    const line = await store.ledger.linkedLine(who.channel, who.workspace, who.user);
    await store.ledger.unlinkLine(who, line?.id ?? '', 'user');
    expect(await store.ledger.saveLinks([listed], 'staff.csv')).toBe(0);
    expect(await store.ledger.linkedLine(who.channel, who.workspace, who.user)).toBeUndefined();

    const own = await store.ledger.linkLine(who, proof());
    const moved = { ...listed, key: number() };
    await store.ledger.saveLinks([moved], 'staff.csv');
    const user = await store.ledger.linkedUser(who);
    // What they proved themselves stays, and stays what the chat is about.
    expect(user?.lineId).toBe(own.line.id);
    expect(user?.links.map(({ method }) => method).sort()).toEqual(['code', 'directory']);
  });

  describe('a second chat with a line', () => {
    test('is young, and whoever had the line before is told', async () => {
      const [first, second] = [someone('whatsapp'), someone()];
      const key = number();
      const owner = await settled(first, proof({ key }));
      expect(owner.youngUntil).toBeUndefined();
      const newcomer = await settled(second, proof({ key }));
      expect(newcomer.youngUntil).toEqual(new Date(store.now().getTime() + 24 * HOUR));
      const owed = (await store.ledger.dueOutbox(new Date(store.now().getTime() + 1000), 60_000, 500)).filter(
        ({ kind, conversationId }) => kind === 'link-notice' && conversationId === owner.conversationId,
      );
      expect(owed.map(({ subject }) => subject.split(':')[0])).toEqual([newcomer.id]);
      // Proving again what stands tells nobody and makes nobody young.
      await store.ledger.linkLine(first, proof({ key }));
      expect((await store.ledger.linkedUser(first))?.links[0]?.youngUntil).toBeUndefined();
      expect(await events(owner.id)).toEqual([
        ['linked', 'code:chat'],
        ['proved', 'code:chat'],
      ]);
    });

    test('spends little until it has aged, and nothing in a currency nobody named', async () => {
      const key = number();
      const owner = await settled(someone('whatsapp'), proof({ key }));
      const { line, conversationId } = await settled(someone(), proof({ key }));
      const { ledger } = store;
      expect(await ledger.openPurchase(purchase(line.id, conversationId, '5.01'))).toMatchObject({
        outcome: 'over-limit',
        over: { limit: { amount: '5.00', currency: 'MYR' } },
      });
      expect(await ledger.openPurchase(purchase(line.id, conversationId, '1.00', 'PKR'))).toMatchObject({
        outcome: 'barred',
        hindrance: { kind: 'young' },
      });
      // The first chat is as free as before.
      const free = await ledger.openPurchase(purchase(line.id, owner.conversationId, '50.00'));
      expect(free).toMatchObject({ outcome: 'opened' });
      store.wait(25 * HOUR);
      const aged = await ledger.openPurchase(purchase(line.id, conversationId, '50.00'));
      expect(aged).toMatchObject({ outcome: 'busy' });
    });

    test('can be objected to by who came first, not the other way round, and not by strangers', async () => {
      const [first, second, stranger] = [someone('whatsapp'), someone(), someone()];
      const key = number();
      const owner = await settled(first, proof({ key }));
      store.wait(1000);
      const newcomer = await settled(second, proof({ key }));
      expect(await store.ledger.objectToLink(owner.id, second)).toBe(false);
      await settled(stranger, proof());
      expect(await store.ledger.objectToLink(newcomer.id, stranger)).toBe(false);
      expect(await store.ledger.lineOfLink(newcomer.id, stranger)).toBeUndefined();
      expect(await store.ledger.lineOfLink(newcomer.id, first)).toEqual(owner.line);
      expect(await store.ledger.objectToLink(newcomer.id, first)).toBe(true);
      expect(await store.ledger.objectToLink(newcomer.id, first)).toBe(false);
      expect(await store.ledger.hindrance(newcomer.conversationId, newcomer.line.id)).toEqual({
        kind: 'blocked',
        reason: 'objected',
      });
      expect(await store.ledger.hindrance(owner.conversationId, owner.line.id)).toBeUndefined();
      expect(await events(newcomer.id)).toEqual([
        ['linked', 'code:chat'],
        ['blocked', 'user'],
        ['objected', 'user'],
      ]);
    });

    test.each(['recycled', 'objected', 'sim-swap'] as const)(
      'is told to nobody who does not have the line any more (%s)',
      async (reason) => {
        const [before, former, owner] = [someone('teams'), someone(), someone('whatsapp')];
        const key = number();
        if (reason === 'objected') await settled(before, proof({ key }));
        store.wait(1000);
        const had = await settled(former, proof({ key }));
        if (reason === 'objected') expect(await store.ledger.objectToLink(had.id, before)).toBe(true);
        else await store.ledger.blockLine(had.line.id, reason, 'telco');
        store.wait(1000);
        const newcomer = await settled(owner, proof({ key }));
        // Whose SIM was changed may still look, and object.
        const seen = reason === 'sim-swap' ? newcomer.line : undefined;
        expect(await store.ledger.lineOfLink(newcomer.id, former)).toEqual(seen);
        expect(await store.ledger.objectToLink(newcomer.id, former)).toBe(seen !== undefined);
      },
    );

    test('of eight that link at once all but one are young', async () => {
      const key = number();
      const made = await Promise.all(
        Array.from({ length: 8 }, (_, n) =>
          (n % 2 === 0 ? store.ledger : store.again()).linkLine(someone(), proof({ key })),
        ),
      );
      expect(new Set(made.map(({ line }) => line.id)).size).toBe(1);
      expect(made.filter(({ youngUntil }) => youngUntil === undefined)).toHaveLength(1);
    });
  });

  describe('a signal about a line', () => {
    test('of a swapped SIM pauses buying everywhere until it is proved again, and young at first', async () => {
      const [first, second] = [someone('whatsapp'), someone()];
      const key = number();
      const owner = await settled(first, proof({ key }));
      const other = await settled(second, proof({ key }));
      const told = await store.ledger.blockLine(owner.line.id, 'sim-swap', 'telco:sim-swap');
      expect(told.links).toBe(2);
      expect([...told.conversationIds].sort()).toEqual([owner.conversationId, other.conversationId].sort());
      expect(await store.ledger.outboxFor('link-news', owner.id)).toMatchObject({
        conversationId: owner.conversationId,
      });
      expect(await store.ledger.openPurchase(purchase(owner.line.id, owner.conversationId))).toMatchObject({
        outcome: 'barred',
        hindrance: { kind: 'blocked', reason: 'sim-swap' },
      });
      const again = await store.ledger.linkLine(first, proof({ key }));
      expect(again).toMatchObject({ id: owner.id, state: 'active', youngUntil: expect.any(Date) });
      expect(await store.ledger.hindrance(other.conversationId, other.line.id)).toMatchObject({ kind: 'blocked' });
      expect(await store.ledger.blockLine(owner.line.id, 'sim-swap', 'telco:sim-swap')).toEqual({
        links: 1,
        conversationIds: [owner.conversationId],
      });
    });

    test('counts for who is known by another identity’s link, and so does a link that is gone', async () => {
      // A list names them by their number, the platform by an id of its own: the link is the number's.
      const listed = await store.ledger.linkLine(someone('whatsapp'), proof({ method: 'directory' }));
      const who = someone('whatsapp');
      const conversationId = `whatsapp-${who.user}`;
      const lineId = listed.line.id;
      await store.ledger.saveConversation({ id: conversationId, origin: { ...who, address: 'here' }, lineId });
      const order = (linkId: string) => ({ ...purchase(lineId, conversationId), linkId });
      await store.ledger.blockLine(lineId, 'sim-swap', 'telco:sim-swap');
      expect(await store.ledger.openPurchase(order(listed.id))).toMatchObject({
        outcome: 'barred',
        hindrance: { kind: 'blocked', reason: 'sim-swap' },
      });
      expect(await store.ledger.openPurchase(order(randomUUID()))).toMatchObject({ outcome: 'barred' });
    });

    test('of a recycled number takes the place of a milder one, not the other way round', async () => {
      const who = someone();
      const { line } = await settled(who, proof());
      await store.ledger.blockLine(line.id, 'sim-swap', 'telco');
      await store.ledger.blockLine(line.id, 'recycled', 'telco');
      await store.ledger.blockLine(line.id, 'sim-swap', 'telco');
      expect((await store.ledger.linkedUser(who))?.links[0]).toMatchObject({ state: 'blocked', reason: 'recycled' });
    });

    test('of a purchase that was confirmed before it: the second tap still tells what became of the first', async () => {
      const { line, conversationId } = await settled(someone(), proof());
      const confirmed = purchase(line.id, conversationId);
      expect(await store.ledger.openPurchase(confirmed)).toMatchObject({ outcome: 'opened' });
      await store.ledger.blockLine(line.id, 'sim-swap', 'telco');
      expect(await store.ledger.openPurchase(confirmed)).toMatchObject({ outcome: 'repeated' });
    });

    test('about a user blocks what that way proved, or everything', async () => {
      const who = someone('whatsapp');
      await settled(who, proof({ method: 'whatsapp' }));
      await settled(who, proof({ method: 'code' }));
      expect(await store.ledger.blockUser(who, 'number-change', 'whatsapp:moved', 'whatsapp')).toBe(1);
      expect(await store.ledger.blockUser(who, 'number-change', 'whatsapp:moved')).toBe(1);
      expect(await store.ledger.blockUser(someone(), 'number-change', 'whatsapp:moved')).toBe(0);
    });
  });

  test('an expired proof bars from buying until it is given again', async () => {
    const who = someone();
    const expiresAt = new Date(store.now().getTime() + HOUR);
    const { line, conversationId } = await settled(who, proof({ expiresAt }));
    expect(await store.ledger.hindrance(conversationId, line.id)).toBeUndefined();
    store.wait(HOUR);
    expect(await store.ledger.hindrance(conversationId, line.id)).toEqual({ kind: 'expired' });
    await store.ledger.linkLine(who, proof({ key: line.key }));
    expect(await store.ledger.hindrance(conversationId, line.id)).toBeUndefined();
  });

  test('a CPID changes and the line stays; it is found by any token that was given for it', async () => {
    const who = someone();
    const ttl = (hours: number) => new Date(store.now().getTime() + hours * HOUR);
    const cpid = (value: string) => ({ type: 'CPID', value }) as const;
    const token = proof({ key: cpid('one+/=,50216'), method: 'cpid', expiresAt: ttl(1) });
    const first = await store.ledger.linkLine(who, token);
    const renewed = await store.ledger.linkLine(who, { ...token, key: cpid('two+/=,50216'), expiresAt: ttl(5) });
    expect(renewed.line).toEqual({ ...first.line, key: cpid('two+/=,50216') });
    expect(renewed.expiresAt).toEqual(ttl(5));
    for (const value of ['one+/=,50216', 'two+/=,50216'])
      expect(await store.ledger.findLine('digi', cpid(value))).toEqual(renewed.line);
    expect(await store.ledger.findLine('digi', cpid('three'))).toBeUndefined();
    expect(await store.ledger.findLine('celcom', cpid('one+/=,50216'))).toBeUndefined();
    // Who else has this line nobody can tell, so it is young at first; proving it again does not begin that anew.
    expect(first.youngUntil).toEqual(new Date(store.now().getTime() + 24 * HOUR));
    expect(renewed.youngUntil).toEqual(first.youngUntil);
    // Somebody else's token is somebody else's line.
    const other = await store.ledger.linkLine(someone(), { ...token, key: cpid('four'), expiresAt: ttl(5) });
    expect(other.line.id).not.toBe(first.line.id);
  });

  test('who asks to be forgotten is forgotten, but for what money needs', async () => {
    const who = someone();
    const key = number();
    const { line, conversationId } = await settled(who, proof({ key, label: 'Mine' }));
    await store.ledger.setConsent(conversationId, ['low-data'], true, 'test');
    const bought = purchase(line.id, conversationId);
    await store.ledger.openPurchase(bought);
    const promise = await store.ledger.beginErasure(who, conversationId);
    const item = await store.ledger.outboxItem(promise);
    const erasure = await store.ledger.erasure(item?.subject ?? '');
    expect(erasure).toMatchObject({ lineIds: [line.id], conversationIds: [conversationId], done: false });
    // At once: nothing to see, nothing agreed to.
    expect((await store.ledger.linkedUser(who))?.links).toEqual([]);
    expect(await store.ledger.consents(conversationId)).toEqual(new Set());
    await store.ledger.finishErasure(erasure?.id ?? '');
    await store.ledger.finishErasure(erasure?.id ?? '');
    expect(await store.ledger.linkedUser(who)).toBeUndefined();
    expect(await store.ledger.conversation(conversationId)).toBeUndefined();
    expect((await store.ledger.purchase(bought.id))?.lineId).toBe(line.id);
    // Under way, so the telco can still be asked about it.
    expect((await store.ledger.line(line.id))?.key).toEqual(key);
    expect(await store.ledger.linkEvents((await store.ledger.linkedUser(who))?.ref ?? '')).toEqual([]);
  });

  test('a line nobody has any more and nothing is under way for keeps no number, and gets it back from who proves it', async () => {
    const who = someone();
    const key = number();
    const { line, conversationId } = await settled(who, proof({ key }));
    const item = await store.ledger.outboxItem(await store.ledger.beginErasure(who, conversationId));
    await store.ledger.finishErasure(item?.subject ?? '');
    expect((await store.ledger.line(line.id))?.key.value).toBe('');
    const again = await store.ledger.linkLine(someone(), proof({ key }));
    expect(again.line).toEqual({ ...line, key });
    expect(again.youngUntil).toBeUndefined();
    expect(await store.ledger.line(line.id)).toEqual({ ...line, key });
  });
});
