import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { NOTIFICATION_TYPES } from '../../../bot/domain/notification.js';
import type { Given } from './given.js';

export function workspaces({ ledger, database }: Given): void {
  describe('a workspace that leaves', () => {
    test('takes back what was agreed to there and nowhere else, once, and the telco is told', async () => {
      const team = `T-${randomUUID()}`;
      const join = async (workspace: string, channel = 'slack') => {
        const id = `c-${randomUUID()}`;
        const origin = { channel, workspace, user: id, address: 'x' };
        await ledger().saveConversation({ id, origin });
        return id;
      };
      const agree = (id: string, granted = true) =>
        ledger().setConsent(id, ['low-data', 'pack-expired'], granted, 'chat');
      const [mine, changedMind, silent, elsewhere, otherChannel] = await Promise.all([
        join(team),
        join(team),
        join(team),
        join(`${team}2`),
        join(team, 'teams'),
      ]);
      for (const id of [mine, changedMind, elsewhere, otherChannel]) await agree(id);
      await agree(changedMind, false);

      const leave = () => ledger().optOutWorkspace('slack', team, NOTIFICATION_TYPES, 'slack:app_uninstalled');
      expect(await leave()).toBe(2);
      expect(await leave()).toBe(0);
      expect(await ledger().consents(mine)).toEqual(new Set());
      for (const id of [elsewhere, otherChannel]) expect((await ledger().consents(id)).size).toBe(2);
      expect(await ledger().outboxFor('registration', mine)).toMatchObject({ subject: mine, conversationId: mine });
      for (const id of [changedMind, silent, elsewhere]) {
        expect(await ledger().outboxFor('registration', id)).toBeUndefined();
      }
      expect(await ledger().askedForConsent(silent)).toBe(false);
      // Agreed to again after the app came back.
      await agree(mine);
      expect((await ledger().consents(mine)).size).toBe(2);
    });

    test('of a channel without workspaces is nobody', async () => {
      expect(await ledger().optOutWorkspace('web', '', NOTIFICATION_TYPES, 'x')).toBe(0);
    });

    test('is in the tables under its fingerprint only', async () => {
      const workspace = `T-${randomUUID()}`;
      const id = `c-${randomUUID()}`;
      await ledger().saveConversation({ id, origin: { channel: 'slack', workspace, user: 'U1', address: 'x' } });
      const rows = await database().drizzle.execute(sql`select * from conversations where id = ${id}`);
      expect(JSON.stringify(rows)).not.toContain(workspace);
    });
  });
}
