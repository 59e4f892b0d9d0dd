import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import type { ChatUser } from '../../bot/domain/chat-user.js';
import type { NewLink } from '../../bot/ledger/identities.js';
import { type IdentityStore, STORES, without } from './stores.js';

/* A list names a WhatsApp user by their number, the platform by an id of the business's own: one person with two names. */

const HOUR = 3_600_000;

describe.each(STORES)(`whom a list knows by number, on %s${without}`, (_name, open) => {
  let store: IdentityStore;
  beforeAll(async () => {
    store = await open();
  }, 60_000);
  afterAll(() => store.close());

  let numbers = 60_117_000_000;
  /** Listed by number, and talking to us under another id. */
  async function listed() {
    const key = { type: 'MSISDN', value: String(numbers++) } as const;
    const alias: ChatUser = { channel: 'whatsapp', workspace: 'W', user: key.value };
    const entry = { ...alias, operator: 'digi', key };
    await store.ledger.saveLinks([entry], 'staff.csv');
    const lineId = (await store.ledger.findLine('digi', key))?.id ?? '';
    const who: ChatUser = { ...alias, user: `MY.${randomUUID()}` };
    const place = `whatsapp-${who.user}`;
    const write = () =>
      store.ledger.saveConversation({ id: place, origin: { ...who, address: 'here', phone: key.value }, lineId });
    await write();
    return { key, alias, entry, who, place, lineId, write };
  }
  const proving = (key: NewLink['key']): NewLink => ({
    ...{ operator: 'digi', key, method: 'code', source: 'chat', youngForMs: 24 * HOUR, choose: true },
  });

  test('is owed word of a block of their line, and of its end', async () => {
    const { lineId, place } = await listed();
    expect(await store.ledger.blockLine(lineId, 'sim-swap', 'telco')).toEqual({ links: 1, conversationIds: [place] });
    expect(await store.ledger.unblockLine(lineId, 'sim-swap', 'telco')).toEqual({ links: 1, conversationIds: [place] });
  });

  test('is owed word of who else links their number', async () => {
    const { key, place } = await listed();
    const { owed } = await store.ledger.linkLine({ channel: 'slack', workspace: 'T', user: 'U' }, proving(key));
    expect(owed).toHaveLength(1);
    expect(await store.ledger.outboxItem(owed[0] ?? '')).toMatchObject({ kind: 'link-notice', conversationId: place });
  });

  test('is owed word of a CPID that the telco says is their number', async () => {
    const { key, place } = await listed();
    store.wait(1000);
    const expiresAt = new Date(store.now().getTime() + HOUR);
    const cpid = { ...proving({ type: 'CPID', value: `${randomUUID()},50216` }), method: 'cpid', expiresAt } as const;
    const made = await store.ledger.linkLine({ channel: 'slack', workspace: 'T', user: randomUUID() }, cpid);
    expect(await store.ledger.nameSim(made.line, key)).toBe(true);
    const due = await store.ledger.dueOutbox(store.now(), 1, 500);
    expect(due.filter(({ subject }) => subject.startsWith(made.id))).toMatchObject([{ conversationId: place }]);
  });

  test('hears nothing more of the line once the list takes it away, and its telco is told', async () => {
    const { alias, entry, place, lineId } = await listed();
    await store.ledger.setConsent(place, ['low-data'], true, 'test');
    expect((await store.ledger.conversationsOf(lineId)).map(({ id }) => id)).toEqual([place]);
    await store.ledger.unlinkListed([alias], 'staff.csv');
    expect(await store.ledger.conversationsOf(lineId)).toEqual([]);
    expect((await store.ledger.withdrawals(100)).map(({ line }) => line.id)).toContain(lineId);
    await store.ledger.saveLinks([entry], 'staff.csv');
    expect(await store.ledger.outboxFor('registration', place)).toBeDefined();
  });

  describe('and forgot', () => {
    const forgotten = async () => {
      const person = await listed();
      const promise = await store.ledger.beginErasure(person.who, person.place, person.alias);
      await store.ledger.finishErasure((await store.ledger.outboxItem(promise))?.subject ?? '');
      expect(await store.ledger.countSuppressed([person.who, person.alias])).toBe(2);
      return person;
    };
    const audited = async () =>
      (
        (await store.database.drizzle.execute(sql`select what, by from link_events where link_id = ''`)) as unknown as {
          rows: unknown[];
        }
      ).rows;

    test('comes back by both names when they link a number themselves', async () => {
      const { who, alias, key, entry, write } = await forgotten();
      await write();
      await store.ledger.linkLine(who, proving(key));
      expect(await store.ledger.countSuppressed([who, alias])).toBe(0);
      expect(await store.ledger.saveLinks([entry], 'staff.csv')).toBe(1);
    });

    test.each(['who', 'alias'] as const)('may be listed again on the operator’s word, named as %s', async (name) => {
      const person = await forgotten();
      const { who, alias, entry } = person;
      const stranger = await forgotten();
      expect(await store.ledger.saveLinks([entry], 'staff.csv')).toBe(0);
      const before = (await audited()).length;
      expect(await store.ledger.allowListing(person[name], 'command')).toBe(true);
      expect((await audited()).slice(before)).toEqual(Array(2).fill({ what: 'relisted', by: 'command' }));
      expect(await store.ledger.countSuppressed([who, alias])).toBe(0);
      expect(await store.ledger.saveLinks([entry], 'staff.csv')).toBe(1);
      expect(await store.ledger.allowListing(person[name], 'command')).toBe(false);
      expect(await store.ledger.countSuppressed([stranger.who, stranger.alias])).toBe(2);
    });
  });
});
