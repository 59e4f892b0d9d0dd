import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { NOTIFICATION_TYPES } from '../../../bot/domain/notification.js';
import type { Conversation } from '../../../bot/ledger/ledger.js';
import { type Given, twenty } from './given.js';

export function conversations({ ledger }: Given): void {
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

    test('lose their line when they are said to have none', async () => {
      const { lineId, ...rest } = make({ lineId: randomUUID(), locale: 'ur' });
      await ledger().saveConversation({ ...rest, ...(lineId !== undefined && { lineId }) });
      await ledger().saveConversation({ ...rest, lineId: null });
      expect(await ledger().conversation(rest.id)).toEqual(rest);
      expect(await ledger().conversationsOf(lineId ?? '')).toEqual([]);
      await ledger().saveConversation({ ...rest, lineId: 'another' });
      expect(await ledger().conversation(rest.id)).toEqual({ ...rest, lineId: 'another' });
    });

    test('of one line come with the most recently active first', async () => {
      const lineId = randomUUID();
      const [a, b, c] = [make({ lineId }), make({ lineId }), make({ lineId })];
      for (const each of [a, b, c, a]) {
        await ledger().saveConversation(each);
        // PGlite's clock has milliseconds.
        await new Promise((resolve) => setTimeout(resolve, 3));
      }
      expect((await ledger().conversationsOf(lineId)).map(({ id }) => id)).toEqual([a.id, c.id, b.id]);
      expect(await ledger().conversationsOf(randomUUID())).toEqual([]);
    });
  });
}

export function lines({ ledger }: Given): void {
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
        ['op', { type: 'OPET', value: '111' }],
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

export function consents({ ledger, database }: Given): void {
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

    test('are as of when they were said: a no that comes late leaves what was agreed to since', async () => {
      const id = randomUUID();
      const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000);
      await ledger().setConsent(id, ['low-data', 'pack-expired'], true, 'welcome', ago(30));
      await ledger().setConsent(id, ['pack-expired', 'pack-consumed'], true, 'settings', ago(10));
      await ledger().setConsent(id, NOTIFICATION_TYPES, false, 'late', ago(20));
      expect(await ledger().consents(id)).toEqual(new Set(['pack-expired', 'pack-consumed']));
      await ledger().setConsent(id, NOTIFICATION_TYPES, false, 'late', ago(9));
      expect(await ledger().consents(id)).toEqual(new Set());
      await ledger().setConsent(id, ['low-data'], true, 'settings');
      await ledger().setConsent(id, NOTIFICATION_TYPES, false, 'late', ago(1));
      expect(await ledger().consents(id)).toEqual(new Set(['low-data']));
      await ledger().setConsent(id, NOTIFICATION_TYPES, false, 'now', new Date(Date.now() + 60_000));
      expect(await ledger().consents(id)).toEqual(new Set());
    });

    test('stay refused when a yes comes late that was said before the no', async () => {
      const id = randomUUID();
      const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000);
      await ledger().setConsent(id, ['low-data'], false, 'platform', ago(2));
      await ledger().setConsent(id, ['low-data', 'pack-expired'], true, 'late', ago(3));
      expect(await ledger().consents(id)).toEqual(new Set(['pack-expired']));
      await ledger().setConsent(id, ['low-data'], true, 'settings', ago(1));
      expect(await ledger().consents(id)).toEqual(new Set(['low-data', 'pack-expired']));
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
