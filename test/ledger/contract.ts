import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { asc, eq, sql } from 'drizzle-orm';
import fc from 'fast-check';
import { NOTIFICATION_TYPES } from '../../bot/domain/notification.js';
import { isFinal, OPEN_STATES, PURCHASE_STATES, type PurchaseState, statesBefore } from '../../bot/domain/purchase.js';
import { createLedger } from '../../bot/ledger/index.js';
import type { Conversation, Ledger, NewNudge, NewPurchase } from '../../bot/ledger/ledger.js';
import { outbox, purchaseMoves } from '../../bot/ledger/schema.js';
import type { Database } from '../../bot/stores/database.js';
import { tempVault } from '../support/stores.js';

type Open = () => Promise<{ readonly database: Database; close(): Promise<void> }>;

/** What every ledger does, whichever database it stands on. */
export function ledgerContract(name: string, open: Open): void {
  describe(`the ledger on ${name}`, () => {
    let store: Awaited<ReturnType<Open>>;
    let ledger: Ledger;
    beforeAll(async () => {
      store = await open();
      ledger = createLedger(store.database, tempVault());
    }, 60_000);
    afterAll(() => store.close());
    const given = { ledger: () => ledger, database: () => store.database };
    conversations(given);
    lines(given);
    openingPurchases(given);
    movingPurchases(given);
    theOutbox(given);
    nudges(given);
    consents(given);
    secrecy(given);
  });
}

interface Given {
  ledger(): Ledger;
  database(): Database;
}

const SOON_MS = 60_000;
const soon = () => new Date(Date.now() + SOON_MS);
const twenty = <T>(make: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: 20 }, (_, index) => make(index)));

function newPurchase(change: Partial<NewPurchase> = {}): NewPurchase {
  return {
    id: randomUUID(),
    confirmation: randomUUID(),
    lineId: `line-${randomUUID()}`,
    conversationId: `web-${randomUUID()}`,
    terms: {
      planId: 'daily-1gb',
      planName: [
        { language: 'en', text: '1 GB for a day' },
        { language: 'ur', text: '1 GB ایک دن کے لیے' },
      ],
      price: { amount: '5.00', currency: 'MYR' },
      fundSource: 'wallet',
      context: 'cookie=1',
    },
    ...change,
  };
}

function conversations({ ledger }: Given): void {
  describe('conversations', () => {
    const make = (change: Partial<Conversation> = {}): Conversation => ({
      id: `web-${randomUUID()}`,
      origin: { channel: 'web', workspace: 'w', user: 'u', address: 'a', locale: 'en-GB' },
      ...change,
    });

    test('are read as they were saved', async () => {
      const bare = make();
      const full = make({ lineId: randomUUID(), locale: 'ur', timezone: 'Asia/Karachi' });
      await ledger().saveConversation(bare);
      await ledger().saveConversation(full);
      expect(await ledger().conversation(bare.id)).toEqual(bare);
      expect(await ledger().conversation(full.id)).toEqual(full);
      expect(await ledger().conversation('web-unknown')).toBeUndefined();
    });

    test('take a new address and keep what is not said again', async () => {
      const first = make({ lineId: randomUUID(), locale: 'ur', timezone: 'Asia/Karachi' });
      await ledger().saveConversation(first);
      const origin = { ...first.origin, address: 'moved' };
      await ledger().saveConversation({ id: first.id, origin });
      expect(await ledger().conversation(first.id)).toEqual({ ...first, origin });
    });

    test('of one line come with the most recently active first', async () => {
      const lineId = randomUUID();
      const [a, b, c] = [make({ lineId }), make({ lineId }), make({ lineId })];
      for (const each of [a, b, c, a]) await ledger().saveConversation(each);
      expect((await ledger().conversationsOf(lineId)).map(({ id }) => id)).toEqual([a.id, c.id, b.id]);
      expect(await ledger().conversationsOf(randomUUID())).toEqual([]);
    });
  });
}

function lines({ ledger }: Given): void {
  describe('lines', () => {
    test('are made on first sight and found by key and by id', async () => {
      const key = { type: 'MSISDN', value: '60123456789' } as const;
      expect(await ledger().findLine('op', key)).toBeUndefined();
      const line = await ledger().ensureLine('op', key);
      expect(line).toEqual({ id: expect.any(String), operator: 'op', key });
      expect(await ledger().ensureLine('op', key)).toEqual(line);
      expect(await ledger().findLine('op', key)).toEqual(line);
      expect(await ledger().line(line.id)).toEqual(line);
      expect(await ledger().line('unknown')).toBeUndefined();
    });

    test('differ by operator and by type of key', async () => {
      const keys = [
        ['op', { type: 'MSISDN', value: '111' }],
        ['other', { type: 'MSISDN', value: '111' }],
        ['op', { type: 'CPID', value: '111' }],
      ] as const;
      const made = await Promise.all(keys.map(([operator, key]) => ledger().ensureLine(operator, key)));
      expect(new Set(made.map(({ id }) => id)).size).toBe(3);
    });

    test('first seen by twenty at once are one line', async () => {
      const key = { type: 'MSISDN', value: '60199999999' } as const;
      const made = await twenty(() => ledger().ensureLine('op', key));
      expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    });
  });
}

function openingPurchases({ ledger }: Given): void {
  describe('opening a purchase', () => {
    test('keeps the terms as they were agreed to', async () => {
      const terms = {
        planId: 'p',
        planName: [],
        price: { amount: '0.10', currency: 'KWD' },
        fundSource: 'loan',
      } as const;
      const purchase = newPurchase({ terms });
      const opened = { ...purchase, state: 'confirmed', createdAt: expect.any(Date), stateAt: expect.any(Date) };
      expect(await ledger().openPurchase(purchase)).toEqual({ outcome: 'opened', purchase: opened });
      expect(await ledger().purchase(purchase.id)).toEqual(opened);
      expect(await ledger().openPurchaseOf(purchase.lineId)).toEqual(opened);
      expect(await ledger().purchase('no-uuid-at-all')).toBeUndefined();
    });

    test('with one confirmation twenty times at once opens one, and the others are told of it', async () => {
      const { confirmation, lineId } = newPurchase();
      const results = await twenty(() => ledger().openPurchase(newPurchase({ confirmation, lineId })));
      expect(results.filter(({ outcome }) => outcome === 'opened')).toHaveLength(1);
      expect(results.filter(({ outcome }) => outcome === 'repeated')).toHaveLength(19);
      expect(new Set(results.map(({ purchase }) => purchase.id)).size).toBe(1);
    });

    test('with two confirmations for one line at once opens one, and the other is told it is busy', async () => {
      for (let round = 0; round < 10; round++) {
        const lineId = randomUUID();
        const results = await Promise.all([1, 2].map(() => ledger().openPurchase(newPurchase({ lineId }))));
        expect(results.map(({ outcome }) => outcome).toSorted()).toEqual(['busy', 'opened']);
        expect(results[0]?.purchase).toEqual(results[1]?.purchase);
      }
    });

    test('is possible again once the last one is settled; its confirmation stays used', async () => {
      const first = newPurchase();
      await ledger().openPurchase(first);
      await ledger().movePurchase(first.id, 'submitting', { why: 'test' });
      await ledger().movePurchase(first.id, 'completed', { why: 'test' });
      const again = await ledger().openPurchase(
        newPurchase({ lineId: first.lineId, confirmation: first.confirmation }),
      );
      expect(again).toMatchObject({ outcome: 'repeated', purchase: { id: first.id, state: 'completed' } });
      const second = await ledger().openPurchase(newPurchase({ lineId: first.lineId }));
      expect(second.outcome).toBe('opened');
      const history = await ledger().purchasesOf(first.lineId, 10);
      expect(history.map(({ id }) => id)).toEqual([second.purchase.id, first.id]);
      expect(await ledger().purchasesOf(first.lineId, 1)).toHaveLength(1);
    });

    test('is refused in every open state', async () => {
      const paths: PurchaseState[][] = [[], ['submitting'], ['submitting', 'processing'], ['submitting', 'unknown']];
      for (const path of paths) {
        const first = newPurchase();
        await ledger().openPurchase(first);
        for (const state of path) await ledger().movePurchase(first.id, state, { why: 'test' });
        const next = await ledger().openPurchase(newPurchase({ lineId: first.lineId }));
        expect(next).toMatchObject({ outcome: 'busy', purchase: { id: first.id, state: path.at(-1) ?? 'confirmed' } });
      }
    });
  });
}

function movingPurchases({ ledger, database }: Given): void {
  const trail = async (id: string) =>
    (
      await database()
        .drizzle.select()
        .from(purchaseMoves)
        .where(eq(purchaseMoves.purchaseId, id))
        .orderBy(asc(purchaseMoves.move))
    ).map(({ state }) => state);
  const receipts = async (id: string) => await database().drizzle.select().from(outbox).where(eq(outbox.subject, id));

  describe('moving a purchase', () => {
    test('by twenty at once has one winner', async () => {
      const purchase = newPurchase();
      await ledger().openPurchase(purchase);
      const moves = await twenty(() => ledger().movePurchase(purchase.id, 'submitting', { why: 'test' }));
      expect(moves.filter((moved) => moved !== undefined)).toHaveLength(1);
      expect(await trail(purchase.id)).toEqual(['confirmed', 'submitting']);
    });

    test('to two ends at once keeps the first, and owes one receipt', async () => {
      for (let round = 0; round < 10; round++) {
        const purchase = newPurchase();
        await ledger().openPurchase(purchase);
        await ledger().movePurchase(purchase.id, 'submitting', { why: 'test' });
        const ends = ['completed', 'failed', 'unknown', 'processing'] as const;
        await twenty((index) => ledger().movePurchase(purchase.id, ends[index % 4] ?? 'failed', { why: 'test' }));
        const path = await trail(purchase.id);
        expect(path.filter(isFinal)).toHaveLength(1);
        expect(path.at(-1)).toBe((await ledger().purchase(purchase.id))?.state);
        expect(await receipts(purchase.id)).toHaveLength(1);
      }
    });

    test('carries the operator’s code and the reason of a failure', async () => {
      const purchase = newPurchase();
      await ledger().openPurchase(purchase);
      await ledger().movePurchase(purchase.id, 'submitting', { why: 'test' });
      await ledger().movePurchase(purchase.id, 'unknown', { why: 'timeout', failure: 'timeout' });
      await ledger().movePurchase(purchase.id, 'processing', { why: 'answer', confirmationCode: 'C-1' });
      const failed = await ledger().movePurchase(purchase.id, 'failed', { why: 'callback', failure: 'NO_MONEY' });
      expect(failed).toMatchObject({ state: 'failed', confirmationCode: 'C-1', failure: 'NO_MONEY' });
      expect(failed?.stateAt.getTime()).toBeGreaterThanOrEqual(failed?.createdAt.getTime() ?? Infinity);
    });

    test('that does not exist moves nothing', async () => {
      const id = randomUUID();
      expect(await ledger().movePurchase(id, 'failed', { why: 'test' })).toBeUndefined();
      expect(await receipts(id)).toEqual([]);
    });

    test('through any sequence of moves obeys the state machine, and the audit trail is the history', async () => {
      const moves = fc.array(fc.constantFrom(...PURCHASE_STATES), { minLength: 1, maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(moves, async (sequence) => {
          const purchase = newPurchase();
          await ledger().openPurchase(purchase);
          const history: PurchaseState[] = ['confirmed'];
          for (const to of sequence) {
            const allowed = statesBefore(to).includes(history.at(-1) ?? 'failed');
            const moved = await ledger().movePurchase(purchase.id, to, { why: 'test' });
            expect(moved?.state).toBe(allowed ? to : undefined);
            if (allowed) history.push(to);
          }
          const state = history.at(-1) ?? 'failed';
          expect((await ledger().purchase(purchase.id))?.state).toBe(state);
          expect(await trail(purchase.id)).toEqual(history);
          expect(await receipts(purchase.id)).toHaveLength(isFinal(state) ? 1 : 0);
          expect((await ledger().openPurchaseOf(purchase.lineId))?.id).toBe(isFinal(state) ? undefined : purchase.id);
          expect(OPEN_STATES.includes(state)).toBe(!isFinal(state));
        }),
        { numRuns: 60 },
      );
    }, 60_000);

    test('that stands still is listed, the longest first', async () => {
      const old = newPurchase();
      const young = newPurchase();
      for (const purchase of [old, young]) {
        await ledger().openPurchase(purchase);
        await ledger().movePurchase(purchase.id, 'submitting', { why: 'test' });
        await ledger().movePurchase(purchase.id, 'unknown', { why: 'test' });
      }
      const ids = async (before: Date, limit = 100) =>
        (await ledger().stalePurchases('unknown', before, limit)).map(({ id }) => id);
      const listed = (await ids(soon())).filter((id) => id === old.id || id === young.id);
      expect(listed).toEqual([old.id, young.id]);
      expect(await ids(soon(), 1)).toHaveLength(1);
      expect(await ids(new Date(Date.now() - SOON_MS))).toEqual([]);
    });

    test('counts by state', async () => {
      const before = (await ledger().countPurchasesByState()).confirmed ?? 0;
      await ledger().openPurchase(newPurchase());
      expect((await ledger().countPurchasesByState()).confirmed).toBe(before + 1);
    });
  });
}

function theOutbox({ ledger, database }: Given): void {
  describe('the outbox', () => {
    /** What other tests left is not due for a day. */
    const empty = () => database().drizzle.execute(sql`update outbox set due_at = now() + interval '1 day'`);

    test('holds a promise once while it is open, however often it is made', async () => {
      const subject = randomUUID();
      const made = await twenty(() => ledger().promise('registration', subject, 'web-1'));
      expect(new Set(made.map(({ id }) => id)).size).toBe(1);
      const item = { id: made[0]?.id, kind: 'registration', subject, conversationId: 'web-1', attempts: 0 };
      expect(made[0]).toEqual(item);
      expect(await ledger().outboxFor('registration', subject)).toEqual(item);
      expect(await ledger().outboxItem(made[0]?.id ?? '')).toEqual({ ...item, done: false });
      expect(await ledger().outboxItem('unknown')).toBeUndefined();
      expect(await ledger().outboxFor('receipt', subject)).toBeUndefined();
    });

    test('takes a registration again after it was kept, but a receipt never', async () => {
      const subject = randomUUID();
      for (const kind of ['registration', 'receipt'] as const) {
        const first = await ledger().promise(kind, subject, 'web-1');
        await ledger().finishOutbox(first.id);
        const second = await ledger().promise(kind, subject, 'web-1');
        expect(second.id === first.id).toBe(kind === 'receipt');
      }
    });

    test('is finished by one of twenty', async () => {
      const { id } = await ledger().promise('registration', randomUUID(), 'web-1');
      const finished = await twenty(() => ledger().finishOutbox(id));
      expect(finished.filter(Boolean)).toHaveLength(1);
      expect(await ledger().outboxItem(id)).toMatchObject({ done: true });
    });

    test('is shared by sweepers: each item goes to one of them, and comes again when its time is over', async () => {
      await empty();
      const made: string[] = [];
      for (let index = 0; index < 40; index++)
        made.push((await ledger().promise('checking', randomUUID(), 'web-1')).id);
      const sweep = () => ledger().dueOutbox(new Date(), 30_000, 15);
      const shares = await Promise.all([sweep(), sweep(), sweep(), sweep()]);
      const claimed = [...shares.flat(), ...(await sweep()), ...(await sweep())];
      expect(claimed.map(({ id }) => id).toSorted()).toEqual(made.toSorted());
      expect(claimed.every(({ attempts }) => attempts === 1)).toBe(true);
      for (const share of shares) expect(share.length).toBeLessThanOrEqual(15);

      expect(await ledger().dueOutbox(new Date(Date.now() + 20_000), 30_000, 100)).toEqual([]);
      const again = await ledger().dueOutbox(new Date(Date.now() + 31_000), 30_000, 100);
      expect(again.map(({ id }) => id)).toEqual(made);
      expect(again.every(({ attempts }) => attempts === 2)).toBe(true);
    });

    test('shows no item that was finished, or that is not due yet', async () => {
      await empty();
      const { id } = await ledger().promise('checking', randomUUID(), 'web-1');
      expect(await ledger().dueOutbox(new Date(Date.now() - SOON_MS), 0, 10)).toEqual([]);
      await ledger().finishOutbox(id);
      expect(await ledger().dueOutbox(soon(), 0, 10)).toEqual([]);
    });
  });
}

function nudges({ ledger }: Given): void {
  describe('nudges', () => {
    const make = (change: Partial<NewNudge> = {}): NewNudge => ({
      operator: 'op',
      transactionId: randomUUID(),
      type: 'low-data',
      lineId: randomUUID(),
      conversationId: 'web-1',
      planName: [{ language: 'en', text: 'Daily' }],
      ...change,
    });

    test('are taken once per operator and transaction', async () => {
      const nudge = make();
      const added = (await twenty(() => ledger().addNudge(nudge))).filter((each) => each !== undefined);
      expect(added).toEqual([{ ...nudge, id: expect.any(String), state: 'queued', createdAt: expect.any(Date) }]);
      expect(await ledger().nudge(added[0]?.id ?? '')).toEqual(added[0]);
      expect(await ledger().nudge('unknown')).toBeUndefined();
      expect(await ledger().addNudge({ ...nudge, operator: 'other' })).toBeDefined();
    });

    test('leave the queue once', async () => {
      const id = (await ledger().addNudge(make()))?.id ?? '';
      const listed = async () => (await ledger().queuedNudges(soon(), 1000)).some((nudge) => nudge.id === id);
      expect(await listed()).toBe(true);
      const finished = await twenty((index) => ledger().finishNudge(id, index % 2 ? 'sent' : 'skipped', 'test'));
      expect(finished.filter(Boolean)).toHaveLength(1);
      expect(await listed()).toBe(false);
    });

    test('that wait are listed, the longest first', async () => {
      const first = await ledger().addNudge(make());
      const second = await ledger().addNudge(make());
      const listed = (await ledger().queuedNudges(soon(), 1000)).map(({ id }) => id);
      expect(listed.slice(-2)).toEqual([first?.id, second?.id]);
      expect(await ledger().queuedNudges(new Date(Date.now() - SOON_MS), 10)).toEqual([]);
    });
  });
}

function consents({ ledger, database }: Given): void {
  describe('consents', () => {
    test('are what was said last, type by type, in one conversation', async () => {
      const [here, there] = [randomUUID(), randomUUID()];
      expect(await ledger().askedForConsent(here)).toBe(false);
      expect(await ledger().consents(here)).toEqual(new Set());
      await ledger().setConsent(here, NOTIFICATION_TYPES, true, 'welcome');
      await ledger().setConsent(here, ['low-data', 'pack-expired'], false, 'settings');
      await ledger().setConsent(here, ['pack-expired'], true, 'settings');
      const expected = new Set(NOTIFICATION_TYPES);
      expected.delete('low-data');
      expect(await ledger().consents(here)).toEqual(expected);
      expect(await ledger().consents(there)).toEqual(new Set());
      expect(await ledger().askedForConsent(there)).toBe(false);
    });

    test('once refused count as asked for', async () => {
      const id = randomUUID();
      await ledger().setConsent(id, ['low-data'], false, 'welcome');
      expect(await ledger().askedForConsent(id)).toBe(true);
      expect(await ledger().consents(id)).toEqual(new Set());
    });

    test('keep their history', async () => {
      const id = randomUUID();
      await ledger().setConsent(id, ['low-data'], true, 'welcome');
      await ledger().setConsent(id, ['low-data'], false, 'settings');
      await ledger().setConsent(id, [], true, 'nothing');
      const { rows } = (await database().drizzle.execute(
        sql`select granted, source from consents where conversation_id = ${id} order by id`,
      )) as unknown as { rows: unknown[] };
      expect(rows).toEqual([
        { granted: true, source: 'welcome' },
        { granted: false, source: 'settings' },
      ]);
    });
  });
}

function secrecy({ ledger, database }: Given): void {
  test('nowhere in the database is there a phone number, a user, an address or a telco’s cookie in clear', async () => {
    const canaries = [
      '60777000111',
      'CPID+secret/1',
      'user-canary',
      'workspace-canary',
      'address-canary',
      'cookie-canary',
    ];
    const [msisdn = '', cpid = '', user = '', workspace = '', address = '', cookie = ''] = canaries;
    const line = await ledger().ensureLine('op', { type: 'MSISDN', value: msisdn });
    await ledger().ensureLine('op', { type: 'CPID', value: cpid });
    const origin = { channel: 'web', workspace, user, address };
    await ledger().saveConversation({ id: 'web-canary', origin, lineId: line.id });
    const purchase = newPurchase({ lineId: line.id });
    await ledger().openPurchase({ ...purchase, terms: { ...purchase.terms, context: cookie } });
    expect((await ledger().purchase(purchase.id))?.terms.context).toBe(cookie);

    const run = async (query: ReturnType<typeof sql>) =>
      ((await database().drizzle.execute(query)) as unknown as { rows: Record<string, unknown>[] }).rows;
    const tables = await run(
      sql`select table_name as name from information_schema.tables where table_schema = 'public'`,
    );
    const rows = await Promise.all(tables.map(({ name }) => run(sql`select * from ${sql.identifier(String(name))}`)));
    const everything = JSON.stringify(rows);
    expect(everything).toContain(line.id);
    expect(everything).toContain('web-canary');
    for (const canary of canaries) expect(everything).not.toContain(canary);
  });
}
