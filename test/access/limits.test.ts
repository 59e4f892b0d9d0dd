import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { addressOf } from '../../bot/access/address.js';
import { createLimits } from '../../bot/access/limits.js';
import { HttpProblem } from '../../bot/problem.js';
import { silent, startScript } from '../support/stores.js';
import { basic, ENVIRONMENT, type House, openHouse } from './house.js';

const GRANT = { grant_type: 'client_credentials' };

describe('how much a client may ask', () => {
  let house: House;
  beforeAll(async () => {
    house = await openHouse({ requestsPerMinute: 10, failuresPerAddress: 5 });
    // The middle of a window, so that none ends while a test counts.
    house.now = new Date(Math.floor(Date.now() / 600_000) * 600_000 + 30_000);
  });
  afterAll(() => house?.close());

  test('above it 429 with the seconds until it may again; and then it may', async () => {
    const token = await house.callers.issue();
    const answers = [];
    for (let n = 0; n < 12; n++) answers.push(await house.call('notify', token));
    expect(answers.map(({ status }) => status)).toEqual([...Array(10).fill(202), 429, 429]);
    expect(answers.at(-1)?.headers['retry-after']).toBe('30');
    // What became of purchases is not held up by notifications, and nobody else by either.
    expect((await house.call('callback', token)).status).toBe(200);
    expect((await house.ask(GRANT, basic(ENVIRONMENT.id, ENVIRONMENT.secret))).statusCode).toBe(200);
    house.now = new Date(house.now.getTime() + 30_000);
    expect((await house.call('notify', token)).status).toBe(202);
  });

  test('who guesses secrets is stopped after five, even with the right one; others are not', async () => {
    const statuses = [];
    for (let n = 0; n < 6; n++) statuses.push((await house.ask(GRANT, basic(ENVIRONMENT.id, `wrong ${n}`))).statusCode);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
    expect((await house.ask(GRANT, basic(ENVIRONMENT.id, ENVIRONMENT.secret))).statusCode).toBe(429);
    const elsewhere = await house.http.inject({
      method: 'POST',
      url: '/oauth/token',
      remoteAddress: '192.0.2.7',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...basic(ENVIRONMENT.id, ENVIRONMENT.secret) },
      body: 'grant_type=client_credentials',
    });
    expect(elsewhere.statusCode).toBe(200);
  });

  test('a client that goes on with an old secret does not shut out others behind the same gateway', async () => {
    for (let n = 0; n < 6; n++) await house.ask(GRANT, basic('stale', 'an old secret'));
    expect((await house.ask(GRANT, basic('stale', 'an old secret'))).statusCode).toBe(429);
    const others = [];
    for (let n = 0; n < 20; n++) others.push((await house.ask(GRANT, basic(`client-${n}`, 'wrong'))).statusCode);
    // One in 64 is in the group of the stale one, or of the client that was guessed at before.
    expect(others.filter((status) => status === 401).length).toBeGreaterThan(13);
  });

  test('two processes count together: of 40 requests 25 are let through', async () => {
    const script = (who: string) =>
      startScript(
        `
        import { Redis } from 'ioredis';
        import { createLimits } from './bot/access/limits.ts';
        import { createRedisShortLived } from './bot/stores/redis-short-lived.ts';
        const [socket, who] = process.argv.slice(1);
        const redis = new Redis({ path: socket });
        const limits = createLimits(createRedisShortLived(redis, 'refill'), console, () => 1_000);
        let through = 0;
        for (let n = 0; n < 20; n++) await limits.hit({ name: 'two', most: 25, windowMs: 60_000 }, who).then(() => through++, () => {});
        process.stdout.write(String(through));
        redis.disconnect();
        `,
        house.redisSocket,
        who,
      );
    const counts = await Promise.all([script('a').output, script('a').output]);
    expect(counts.map(Number).reduce((sum, count) => sum + count)).toBe(25);
  }, 60_000);
});

test('while the store is away a process counts alone', async () => {
  const away = { count: () => Promise.reject(new Error('away')) };
  const limits = createLimits(away, silent, () => 1000);
  const limit = { name: 'x', most: 2, windowMs: 60_000 };
  await limits.hit(limit, 'a');
  await limits.hit(limit, 'a');
  await expect(limits.hit(limit, 'a')).rejects.toBeInstanceOf(HttpProblem);
  await expect(limits.check(limit, 'a')).rejects.toMatchObject({ status: 429, headers: { 'retry-after': '59' } });
  await limits.hit(limit, 'b');
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
])('%s counts as %s', (ip, expected) => expect(addressOf({ ip })).toBe(expected));

test('that the store is away is said once, and once more when it goes away again', async () => {
  const said: string[] = [];
  let away = true;
  const store = { count: async () => (away ? Promise.reject(new Error('gone')) : 1) };
  const limits = createLimits(store, { warn: (...args: unknown[]) => void said.push(String(args.at(-1))) });
  const limit = { name: 'x', most: 1000, windowMs: 60_000 };
  const many = async () => {
    for (let n = 0; n < 20; n++) await limits.hit(limit, 'somebody');
  };
  await many();
  expect(said).toHaveLength(1);
  away = false;
  await many();
  away = true;
  await many();
  expect(said).toHaveLength(2);
});
