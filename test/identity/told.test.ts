import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ChatUser } from '../../bot/domain/chat-user.js';
import type { NewLink } from '../../bot/ledger/identities.js';
import { type IdentityStore, STORES, without } from './stores.js';

const HOUR = 3_600_000;

describe.each(STORES)(`whoever has a line hears of who links it, on %s${without}`, (_name, open) => {
  let store: IdentityStore;
  beforeAll(async () => {
    store = await open({
      newLinkMs: 24 * HOUR,
      newLinkLimits: { day: [{ amount: '5.00', currency: 'MYR' }], week: [] },
    });
  }, 60_000);
  afterAll(() => store.close());

  const someone = (channel = 'slack'): ChatUser => ({ channel, workspace: 'T1', user: randomUUID() });
  let numbers = 60_112_000_000;
  const number = () => ({ type: 'MSISDN', value: String(numbers++) }) as const;
  const proof = (change: Partial<NewLink> = {}): NewLink => ({
    ...{ operator: 'digi', key: number(), method: 'code', source: 'chat', youngForMs: 24 * HOUR, choose: true },
    ...change,
  });
  const listed = (who: ChatUser, key: NewLink['key']) => ({
    ...who,
    operator: 'digi',
    key: { type: 'MSISDN', value: key.value } as const,
  });
  const conversationOf = ({ channel, user }: ChatUser) => `${channel}-${user}`;
  /** Writes to us, known by a number beside their id or not. */
  const writes = (who: ChatUser, phone?: string) =>
    store.ledger.saveConversation({
      id: conversationOf(who),
      origin: { ...who, address: 'here', ...(phone && { phone }) },
    });
  const proves = async (who: ChatUser, link: NewLink) => {
    const made = await store.ledger.linkLine(who, link);
    await writes(who);
    return made;
  };
  const linkOf = async (who: ChatUser) => (await store.ledger.linkedUser(who))?.links.at(-1);
  /** The links this chat is owed word of. */
  const toldOf = async (who: ChatUser) =>
    (await store.ledger.dueOutbox(new Date(store.now().getTime() + HOUR), 0, 1000))
      .filter(({ kind, conversationId }) => kind === 'link-notice' && conversationId === conversationOf(who))
      .map(({ subject }) => subject.split(':')[0]);

  test('when a list gives their number to somebody else, who spends little at first', async () => {
    const [owner, mistaken] = [someone('whatsapp'), someone()];
    const key = number();
    const { line } = await proves(owner, proof({ key }));
    store.wait(HOUR);
    await store.ledger.saveLinks([listed(mistaken, key), listed(someone(), number())], 'staff.csv');
    const link = await linkOf(mistaken);
    expect(await toldOf(owner)).toEqual([link?.id]);
    expect(link?.youngUntil).toEqual(new Date(store.now().getTime() + 24 * HOUR));
    await writes(mistaken);
    const order = {
      ...{ id: randomUUID(), confirmation: randomUUID(), lineId: line.id, conversationId: conversationOf(mistaken) },
      terms: { planId: 'p', planName: [], price: { amount: '5.01', currency: 'MYR' }, fundSource: 'wallet' as const },
    };
    expect(await store.ledger.openPurchase(order)).toMatchObject({ outcome: 'over-limit' });
    // A list that is taken in again says nothing new; and they may object.
    await store.ledger.saveLinks([listed(mistaken, key)], 'staff.csv');
    expect(await toldOf(owner)).toHaveLength(1);
    expect(await store.ledger.objectToLink(link?.id ?? '', owner)).toBe(true);
    expect((await linkOf(owner))?.youngUntil).toBeUndefined();
  });

  test('also when they are known by a CPID that is that number, and when only a list knew them', async () => {
    const [byToken, byList, mistaken, next] = [someone(), someone('teams'), someone(), someone('web')];
    const key = number();
    const token = { type: 'CPID', value: `cpid-${randomUUID()}` } as const;
    const expiresAt = new Date(store.now().getTime() + HOUR);
    const { line } = await proves(byToken, proof({ key: token, method: 'cpid', expiresAt }));
    await store.ledger.nameSim(line, key);
    await store.ledger.saveLinks([listed(mistaken, key)], 'staff.csv');
    expect(await toldOf(byToken)).toEqual([(await linkOf(mistaken))?.id]);
    const other = number();
    await store.ledger.saveLinks([listed(byList, other)], 'staff.csv');
    await writes(byList);
    await store.ledger.saveLinks([listed(next, other)], 'more.csv');
    expect(await toldOf(byList)).toEqual([(await linkOf(next))?.id]);
    expect((await linkOf(next))?.youngUntil).toBeDefined();
  });

  test('not when a list names one person on two channels, or by the number that stands beside their id', async () => {
    const [slack, teams, later] = [someone(), someone('teams'), someone('web')];
    const key = number();
    await store.ledger.saveLinks([listed(slack, key), listed(teams, key)], 'staff.csv');
    await store.ledger.saveLinks([listed(later, key)], 'more.csv');
    for (const who of [slack, teams, later]) {
      expect(await toldOf(who)).toEqual([]);
      expect((await linkOf(who))?.youngUntil).toBeUndefined();
    }
    const own = number();
    const hidden = { channel: 'whatsapp', workspace: 'T1', user: `MY.${randomUUID()}` };
    await proves(hidden, proof({ key: own }));
    await writes(hidden, own.value);
    await store.ledger.saveLinks([listed({ ...hidden, user: own.value }, own)], 'staff.csv');
    expect(await toldOf(hidden)).toEqual([]);
  });

  test('of a proof and a list at once, whichever of the two was first', async () => {
    for (let n = 0; n < 10; n++) {
      const [owner, mistaken] = [someone(), someone()];
      await Promise.all([writes(owner), writes(mistaken)]);
      const key = number();
      await Promise.all([
        store.ledger.linkLine(owner, proof({ key })),
        store.again().saveLinks([listed(mistaken, key)], 'staff.csv'),
      ]);
      const told = [...(await toldOf(owner)), ...(await toldOf(mistaken))];
      expect(told).toHaveLength(1);
    }
  });

  test('also where a new link may spend as it likes', async () => {
    const [owner, second] = [someone(), someone()];
    const key = number();
    await proves(owner, proof({ key }));
    const made = await proves(second, proof({ key, youngForMs: 0 }));
    expect(made.youngUntil).toBeUndefined();
    expect(made.owed).toHaveLength(1);
    expect(await toldOf(owner)).toEqual([made.id]);
    await store.ledger.unlinkLine(second, made.line.id, 'user');
    store.wait(1000);
    const restored = await store.ledger.restoreLine(second, made.line.id, 0);
    expect(restored).toMatchObject({ outcome: 'restored', link: { id: made.id } });
    expect(await toldOf(owner)).toHaveLength(1);
    // The first word was not said yet; once it was, the second is owed by itself.
    const [word] = (await store.ledger.dueOutbox(new Date(store.now().getTime() + HOUR), 0, 1000)).filter(
      ({ conversationId, kind }) => kind === 'link-notice' && conversationId === conversationOf(owner),
    );
    await store.ledger.finishOutbox(word?.id ?? '');
    await store.ledger.unlinkLine(second, made.line.id, 'user');
    await store.ledger.restoreLine(second, made.line.id, 0);
    expect(await toldOf(owner)).toEqual([made.id]);
  });

  test('of however many there are the first, and the newest', async () => {
    const key = number();
    const all = Array.from({ length: 9 }, () => someone());
    const made = [];
    for (const who of all) {
      store.wait(1000);
      made.push(await proves(who, proof({ key })));
    }
    const last = made.at(-1)?.id;
    const told: boolean[] = [];
    for (const who of all.slice(0, -1)) told.push((await toldOf(who)).includes(last ?? ''));
    expect(told).toEqual([true, false, false, false, true, true, true, true]);
  });
});
