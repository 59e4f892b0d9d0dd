import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ChatUser } from '../../bot/domain/chat-user.js';
import type { Signal } from '../../bot/domain/link.js';
import { applySignal } from '../../bot/identity/signals.js';
import type { NewLink } from '../../bot/ledger/identities.js';
import { type IdentityStore, STORES, without } from './stores.js';

/* Whoever has a number has the WhatsApp account of that number: what is said of it is said of all that its chat proved. */

const HOUR = 3_600_000;
const PLACE = { channel: 'whatsapp', workspace: 'W' };

describe.each(STORES)(`a signal about the number of a WhatsApp account, on %s${without}`, (_name, open) => {
  let store: IdentityStore;
  beforeAll(async () => {
    store = await open({ numbered: [PLACE] });
  }, 60_000);
  afterAll(() => store.close());

  let numbers = 60_117_100_000;
  const number = () => ({ type: 'MSISDN', value: String(numbers++) }) as const;
  const prove = async (who: ChatUser, key: NewLink['key'], method: NewLink['method'] = 'code') => {
    store.wait(1000);
    const proof = { operator: 'digi', key, method, source: 'chat', youngForMs: 24 * HOUR, choose: true } as const;
    return store.ledger.linkLine(who, proof);
  };
  const say = (key: { value: string }, reason: Signal, what: 'block' | 'unblock' = 'block') => {
    store.wait(1000);
    return applySignal(store.ledger, { operator: 'digi', msisdn: key.value }, { what, reason, by: 'test' });
  };
  /** By number. */
  const standing = async (who: ChatUser) =>
    Object.fromEntries(
      ((await store.ledger.linkedUser(who))?.links ?? []).map(({ line, state, reason }) => [
        line.key.value,
        state === 'active' ? state : reason,
      ]),
    );
  /** An account that goes by its number, and one that hides it for a while; both proved another line by code. */
  const accounts = ['its number', 'an id beside it'] as const;
  async function account(by: (typeof accounts)[number]) {
    const [own, other] = [number(), number()];
    const who = { ...PLACE, user: by === 'its number' ? own.value : `MY.${randomUUID()}` };
    const conversationId = `whatsapp-${who.user}`;
    const { line } = await prove(who, other);
    await store.ledger.saveConversation({
      id: conversationId,
      origin: { ...who, address: 'here', phone: own.value },
      lineId: line.id,
    });
    return { own, other, who, conversationId, line };
  }
  const buy = (lineId: string, conversationId: string) =>
    store.ledger.openPurchase({
      ...{ id: randomUUID(), confirmation: randomUUID(), lineId, conversationId },
      terms: { planId: 'p', planName: [], price: { amount: '2.00', currency: 'MYR' }, fundSource: 'wallet' },
    });

  describe.each(accounts)('that goes by %s', (by) => {
    test('blocks its other lines too, whether the number itself was ever linked or not, and nobody else’s', async () => {
      const { own, other, who, conversationId, line } = await account(by);
      const elsewhere: ChatUser = { channel: 'slack', workspace: 'T', user: randomUUID() };
      await prove(elsewhere, other);
      expect(await say(own, 'sim-swap')).toEqual({ links: 1, conversationIds: [conversationId] });
      expect(await standing(who)).toEqual({ [other.value]: 'sim-swap' });
      expect(await buy(line.id, conversationId)).toMatchObject({
        outcome: 'barred',
        hindrance: { kind: 'blocked', reason: 'sim-swap' },
      });
      expect(await standing(elsewhere)).toEqual({ [other.value]: 'active' });

      // Of a number that went to somebody else, nobody is told in its chat.
      expect(await say(own, 'recycled')).toEqual({ links: 1, conversationIds: [] });
      expect(await standing(who)).toEqual({ [other.value]: 'recycled' });
      await prove(who, other);
      expect(await standing(who)).toEqual({ [other.value]: 'active' });
    });

    test('is taken back for all of them', async () => {
      const { own, other, who } = await account(by);
      await prove(who, own, 'whatsapp');
      await say(own, 'recycled');
      expect(await standing(who)).toEqual({ [own.value]: 'recycled', [other.value]: 'recycled' });
      await say(own, 'recycled', 'unblock');
      expect(await standing(who)).toEqual({ [own.value]: 'active', [other.value]: 'active' });
    });

    test('is not taken back with that of the other line, nor the other way round', async () => {
      const { own, other, who } = await account(by);
      await say(own, 'sim-swap');
      await say(other, 'sim-swap');
      await say(other, 'sim-swap', 'unblock');
      expect(await standing(who)).toEqual({ [other.value]: 'sim-swap' });
      await say(other, 'sim-swap');
      await say(own, 'sim-swap', 'unblock');
      expect(await standing(who)).toEqual({ [other.value]: 'sim-swap' });
      await say(other, 'sim-swap', 'unblock');
      expect(await standing(who)).toEqual({ [other.value]: 'active' });
    });
  });

  test('leaves alone what was proved since, and says nothing of the account where the operator only stopped the number', async () => {
    const { own, other, who } = await account('its number');
    const before = store.now();
    await prove(who, other);
    const late = { what: 'block', reason: 'recycled', at: before, by: 'test' } as const;
    expect(await applySignal(store.ledger, { operator: 'digi', msisdn: own.value }, late)).toMatchObject({ links: 0 });
    await say(own, 'operator');
    expect(await standing(who)).toEqual({ [other.value]: 'active' });
  });

  test('counts for a line that was given up before it', async () => {
    const { own, other, who, line } = await account('its number');
    await store.ledger.unlinkLine(who, line.id, 'user');
    await say(own, 'recycled');
    expect(await store.ledger.restoreLine(who, line.id, 0)).toEqual({ outcome: 'barred', reason: 'recycled' });
    await prove(who, other);
    expect(await standing(who)).toEqual({ [other.value]: 'active' });
  });
});
