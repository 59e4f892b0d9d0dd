import { expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { type Given, newPurchase } from './given.js';

export function secrecy({ ledger, database }: Given): void {
  test('nowhere in the database is there a phone number, a user, an address, a token or a telco’s cookie in clear', async () => {
    const canaries = [
      '60777000111',
      'CPID+secret/1',
      'user-canary',
      'workspace-canary',
      'address-canary',
      'cookie-canary',
      'xoxb-canary',
      '60777000222',
      'label-canary',
      '60777000333',
    ];
    const [msisdn = '', cpid = '', user = '', workspace = '', address = '', cookie = '', botToken = '', linked = ''] =
      canaries;
    const line = await ledger().ensureLine('op', { type: 'MSISDN', value: msisdn });
    const asked = { channel: 'web', workspace, user };
    await ledger().linkLine(asked, {
      operator: 'op',
      key: { type: 'CPID', value: cpid },
      method: 'cpid',
      source: 'web',
      label: 'label-canary',
      youngForMs: 0,
      choose: true,
    });
    const code = { who: asked, conversationId: 'web-canary', number: '60777000333', language: 'en' };
    expect(await ledger().askForCode(code)).toMatchObject({ outcome: 'asked' });
    const origin = { channel: 'web', workspace, user, address };
    await ledger().saveConversation({ id: 'web-canary', origin, lineId: line.id });
    const purchase = newPurchase({ lineId: line.id });
    await ledger().openPurchase({ ...purchase, terms: { ...purchase.terms, context: cookie } });
    expect((await ledger().purchase(purchase.id))?.terms.context).toBe(cookie);

    const key = { type: 'MSISDN', value: linked } as const;
    await ledger().saveLinks([{ channel: 'teams', workspace, user, operator: 'op', key }], 'canary.csv');
    expect(await ledger().linkedLine('teams', workspace, user)).toMatchObject({ key });
    await ledger().saveSlackInstallation({ teamId: 'T-CANARY', botToken, botUserId: 'UB' });
    expect(await ledger().slackInstallation('T-CANARY')).toMatchObject({ botToken });

    const run = async (query: ReturnType<typeof sql>) =>
      ((await database().drizzle.execute(query)) as unknown as { rows: Record<string, unknown>[] }).rows;
    const tables = await run(
      sql`select table_name as name from information_schema.tables where table_schema = 'public'`,
    );
    const rows = await Promise.all(tables.map(({ name }) => run(sql`select * from ${sql.identifier(String(name))}`)));
    const everything = JSON.stringify(rows);
    expect(everything).toContain(line.id);
    for (const shown of ['web-canary', 'canary.csv', 'T-CANARY']) expect(everything).toContain(shown);
    for (const canary of canaries) expect(everything).not.toContain(canary);
  });
}
