import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createKeyRing, planKeys } from '../../bot/access/key-ring.js';
import { createOwnTokens } from '../../bot/access/own-tokens.js';
import { createLedger } from '../../bot/ledger/index.js';
import { tempVault, withPglite } from '../support/stores.js';
import { keysInMemory } from './rings.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('when a key is replaced', () => {
  const start = new Date('2026-01-01T00:00:00Z').getTime();
  const at = (ms: number) => new Date(start + ms);
  const first = { generation: 1, createdAt: at(0), signsFrom: at(0) };
  const second = { generation: 2, createdAt: at(30 * DAY), signsFrom: at(30 * DAY + HOUR) };

  test('the first is made at once and signs at once', () => {
    expect(planKeys([], at(0)).next).toEqual({ generation: 1, signsInMs: 0 });
    expect(planKeys([first], at(-5000))).toMatchObject({ signing: 1 });
  });

  test('after 30 days the next is published, an hour later it signs, and another hour later the old one goes', () => {
    expect(planKeys([first], at(30 * DAY - 1)).next).toBeUndefined();
    expect(planKeys([first], at(30 * DAY)).next).toEqual({ generation: 2, signsInMs: HOUR });
    const both = [first, second];
    expect(planKeys(both, at(30 * DAY + HOUR - 1))).toMatchObject({ signing: 1, keepFrom: 1, next: undefined });
    expect(planKeys(both, at(30 * DAY + HOUR))).toMatchObject({ signing: 2, keepFrom: 1 });
    expect(planKeys(both, at(30 * DAY + 2 * HOUR))).toMatchObject({ signing: 2, keepFrom: 1 });
    expect(planKeys(both, at(30 * DAY + 2 * HOUR + 4 * MINUTE))).toMatchObject({ signing: 2, keepFrom: 2 });
  });

  test('whenever a token was issued, its key verifies it for as long as it lives', async () => {
    const gap = fc.integer({ min: 1, max: 40 * 24 * 60 });
    await fc.assert(
      fc.asyncProperty(fc.array(gap, { minLength: 1, maxLength: 12 }), async (gaps) => {
        let now = start;
        const ledger = keysInMemory(() => now);
        const ring = createKeyRing(ledger, () => new Date(now));
        // Another process, which signs nothing and is asked seldom.
        const other = createKeyRing(ledger, () => new Date(now));
        for (const minutes of gaps) {
          now += minutes * MINUTE;
          const { kid } = await ring.signing();
          now += 61 * MINUTE - 1;
          expect(await ring.verifying(kid)).toBeDefined();
          expect(await other.verifying(kid)).toBeDefined();
        }
      }),
      { seed: 4, numRuns: 30 },
    );
  }, 60_000);
});

describe('over a real ledger', () => {
  let stores: Awaited<ReturnType<typeof withPglite>>;
  let now = new Date('2026-11-01T00:00:00Z');
  const vault = tempVault();
  beforeAll(async () => {
    stores = await withPglite();
  });
  afterAll(() => stores?.close());

  const ledgerOf = () => createLedger(stores.database, vault, { now: () => now });
  const processOf = () =>
    createOwnTokens(
      createKeyRing(ledgerOf(), () => now),
      'urn:refill',
      () => now,
    );

  test('processes that start together agree on one key, and check each other’s tokens', async () => {
    const processes = Array.from({ length: 5 }, processOf);
    const tokens = await Promise.all(processes.map((one, n) => one.issue(`c${n}`, ['notify'])));
    expect(await ledgerOf().signingKeys()).toHaveLength(1);
    for (const one of processes) for (const token of tokens) await one.verify(token);
  });

  test('what signs is sealed at rest', async () => {
    const [key] = await ledgerOf().signingKeys();
    const { d } = JSON.parse(key?.privateJwk ?? '{}') as { d: string };
    expect(d.length).toBeGreaterThan(40);
    const dump = await stores.database.drizzle.execute('select * from signing_keys');
    expect(JSON.stringify(dump)).not.toContain(d);
  });

  test('a rotation is seen by all, and never refuses a token that lives', async () => {
    const [one, two] = [processOf(), processOf()];
    const before = await one.issue('c', ['notify']);
    now = new Date(now.getTime() + 31 * DAY);
    const during = await one.issue('c', ['notify']);
    expect(await ledgerOf().signingKeys()).toHaveLength(2);
    await expect(one.verify(before)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    now = new Date(now.getTime() + HOUR - MINUTE);
    expect(await two.verify(during)).toMatchObject({ client: 'c' });
    now = new Date(now.getTime() + 2 * MINUTE);
    const after = await two.issue('c', ['notify']);
    const kid = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
    expect(kid(after)).not.toBe(kid(during));
    expect(await one.verify(after)).toMatchObject({ client: 'c' });
    now = new Date(now.getTime() + 2 * HOUR);
    await two.issue('c', ['notify']);
    expect(await ledgerOf().signingKeys()).toHaveLength(1);
  });

  test('while the ledger is away, what is known is used', async () => {
    const ledger = keysInMemory(() => now.getTime());
    const tokens = createOwnTokens(
      createKeyRing(ledger, () => now),
      'urn:refill',
      () => now,
    );
    const token = await tokens.issue('c', ['notify']);
    ledger.signingKeys = () => Promise.reject(new Error('away'));
    now = new Date(now.getTime() + 30 * MINUTE);
    expect(await tokens.verify(token)).toMatchObject({ client: 'c' });
  });

  test('key ids that are made up make nobody read the ledger again and again', async () => {
    const ledger = keysInMemory(() => now.getTime());
    const ring = createKeyRing(ledger, () => now);
    await ring.signing();
    const reads = ledger.reads;
    for (let n = 0; n < 100; n++) expect(await ring.verifying(`made-up-${n}`)).toBeUndefined();
    expect(ledger.reads).toBe(reads);
    now = new Date(now.getTime() + 6000);
    for (let n = 0; n < 100; n++) await ring.verifying(`made-up-${n}`);
    expect(ledger.reads).toBe(reads + 1);
  });
});
