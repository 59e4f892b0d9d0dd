import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import pg from 'pg';
import { SIGNALLED } from '../../bot/domain/link.js';
import type { Line } from '../../bot/domain/subscriber.js';
import type { NewLink } from '../../bot/ledger/identities.js';
import { createLedger } from '../../bot/ledger/index.js';
import type { Ledger, Link } from '../../bot/ledger/ledger.js';
import { identityRef } from '../../bot/ledger/linked-user.js';
import { NO_POSTGRES, postgresServer, tempPostgres, tempVault } from '../support/stores.js';

/*
 * Changes about the same few people, many at once, of every kind there is: each waits for the others, and none for ever. PostgreSQL
 * only: PGlite does one thing at a time.
 */
const here = (await postgresServer()) !== undefined;

(here ? describe : describe.skip)(`changes of who somebody is${here ? '' : ` [${NO_POSTGRES}]`}`, () => {
  let store: Awaited<ReturnType<typeof tempPostgres>>;
  let ledger: Ledger;
  const vault = tempVault();
  beforeAll(async () => {
    store = await tempPostgres();
    ledger = createLedger(store.database, vault);
  }, 60_000);
  afterAll(() => store.close());

  const person = (user: string) => ({ channel: 'slack', workspace: 'T', user });
  const people = Array.from({ length: 6 }, (_, n) => person(`U${n}`));
  const numbers = Array.from({ length: 4 }, (_, n) => ({ type: 'MSISDN', value: `6011550100${n}0` }) as const);
  const tokens = Array.from({ length: 4 }, (_, n) => ({ type: 'CPID', value: `cpid-${n}` }) as const);
  const known = new Map<string, Line>();
  const any = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)] as T;
  const someOf = <T>(from: readonly T[]) => [...from].sort(() => Math.random() - 0.5).slice(0, 4);
  const listed = (who: (typeof people)[number]): Link => ({ ...who, operator: 'digi', key: any(numbers) });
  const chosen = () => ({ operator: 'digi', source: 'chat', youngForMs: 1000, choose: Math.random() < 0.5 }) as const;
  /** Notes the line a link is to: that of a token is known by its user, and has another token next time. */
  async function link(proof: Pick<NewLink, 'key' | 'method'>): Promise<void> {
    const { line } = await ledger.linkLine(any(people), { ...chosen(), ...proof });
    known.set(line.id, line);
  }

  const changes: Readonly<Record<string, (lineId: string) => Promise<unknown>>> = {
    link: () => link({ key: any(numbers), method: 'code' }),
    'link by a token': () => link({ key: any(tokens), method: 'cpid' }),
    'name the SIM of a token': () => ledger.nameSim(any([...known.values()]), any([...numbers, ...tokens])),
    choose: (lineId) => ledger.chooseLine(any(people), lineId),
    label: (lineId) => ledger.labelLine(any(people), lineId, 'mine'),
    unlink: (lineId) => ledger.unlinkLine(any(people), lineId, 'user'),
    'block the line': (lineId) => ledger.blockLine(lineId, any(SIGNALLED), 'test'),
    'unblock the line': (lineId) => ledger.unblockLine(lineId, 'sim-swap', 'test'),
    'block the user': () => ledger.blockUser(any(people), 'operator', 'test'),
    import: () => ledger.saveLinks(someOf(people).map(listed), 'list.csv'),
    remove: () => ledger.unlinkListed(someOf(people), 'list.csv'),
    async forget() {
      const item = await ledger.outboxItem(await ledger.beginErasure(any(people), 'slack-1'));
      await ledger.finishErasure(item?.subject ?? '');
    },
  };

  test('never wait for each other in a circle', async () => {
    for (const key of numbers) await link({ key, method: 'code' });
    const failures: string[] = [];
    const until = Date.now() + 6000;
    const names = Object.keys(changes);
    const worker = async () => {
      while (Date.now() < until) {
        const name = any(names);
        await changes[name]?.(any([...known.keys()])).catch((error: Error) =>
          failures.push(`${name}: ${error.message}`),
        );
      }
    };
    await Promise.all(Array.from({ length: 12 }, worker));
    expect([...new Set(failures)]).toEqual([]);
  }, 60_000);

  /** Keeps rows from everybody else until it lets go; `queued` resolves when that many wait, for them or for one another. */
  async function holding(rows: string, id: string) {
    const client = new pg.Client({ connectionString: store.url });
    await client.connect();
    await client.query('begin');
    await client.query(`select 1 from ${rows} = $1 for no key update`, [id]);
    // Asked outside of the transaction, which sees who was there when it first asked.
    const waiting = async () => {
      const found = await store.database.drizzle.execute(sql`select count(distinct pid)::int as n
        from pg_locks join pg_stat_activity using (pid) where datname = current_database() and not granted`);
      return (found as unknown as { rows: { n: number }[] }).rows[0]?.n ?? 0;
    };
    return {
      async queued(many: number): Promise<void> {
        for (const end = Date.now() + 10_000; (await waiting()) < many; await sleep(10)) {
          if (Date.now() > end) throw new Error(`only ${await waiting()} wait`);
        }
      },
      letGo: () => client.query('commit').then(() => client.end()),
    };
  }

  test('not even a line that is freed while somebody else brings its token', async () => {
    const [first, second] = [person('first'), person('second')];
    const token = { ...chosen(), key: { type: 'CPID', value: 'cpid-given-on' }, method: 'cpid' } as const;
    const { line } = await ledger.linkLine(first, token);
    const item = await ledger.outboxItem(await ledger.beginErasure(first, 'slack-first'));
    const held = await holding('lines where id', line.id);
    const freed = ledger.finishErasure(item?.subject ?? '');
    await held.queued(1);
    const linked = ledger.linkLine(second, token);
    await held.queued(2);
    await held.letGo();
    await expect(Promise.all([freed, linked])).resolves.toMatchObject([true, { line: { key: token.key } }]);
    // Not gone with the line it was of.
    const left = await store.database.drizzle.execute(sql`select line_id from line_tokens where ref =
      ${vault.reference('line', 'digi', 'CPID', token.key.value)}`);
    expect((left as unknown as { rows: unknown[] }).rows).toEqual([{ line_id: (await linked).line.id }]);
  }, 60_000);

  test('not even a SIM that is named after signals of several kinds, while a list is taken in', async () => {
    const sorted = [person('one'), person('two')].sort((a, b) =>
      identityRef(vault, a) < identityRef(vault, b) ? -1 : 1,
    );
    const [low, high] = sorted as [(typeof sorted)[0], (typeof sorted)[0]];
    const number = { type: 'MSISDN', value: '60115501777' } as const;
    const byNumber = await ledger.linkLine(high, { ...chosen(), key: number, method: 'code' });
    await ledger.blockLine(byNumber.line.id, 'sim-swap', 'test');
    const token = { ...chosen(), key: { type: 'CPID', value: 'cpid-to-name' }, method: 'cpid' } as const;
    const byToken = await ledger.linkLine(low, token);
    await ledger.blockLine(byToken.line.id, 'recycled', 'test');
    const held = await holding('links where ref', identityRef(vault, high));
    const named = ledger.nameSim(byToken.line, number);
    await held.queued(1);
    const listed = ledger.unlinkListed([low, high], 'list.csv');
    await held.queued(2);
    await held.letGo();
    await expect(Promise.all([named, listed])).resolves.toEqual([true, 0]);
  }, 60_000);
});
