import { expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { type Given, newPurchase } from './given.js';

export function secrecy({ ledger, database }: Given): void {
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
