import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Redis } from 'ioredis';
import { FAIL } from '../../bot/conversation/scripts.js';
import { tempRedis } from '../support/stores.js';
import { ready } from './mailboxes.js';

let server: Awaited<ReturnType<typeof tempRedis>>;
let redis: Redis;
beforeAll(async () => {
  server = await tempRedis();
  redis = server.store.forWebhooks();
  await ready(redis);
});
afterAll(() => server.close());

const fail = (token: string) => redis.eval(FAIL, 2, 'lease', 'tries', token, 1, 5);

test('a failure whose answer was lost, and is told again by the connection, is one failure', async () => {
  await redis.set('lease', 'mine');
  await redis.hset('tries', 'starts', 1);
  expect(await fail('mine')).toBe(1);
  expect(await fail('mine')).toBe(-1);
  // Somebody else is at it by then.
  await redis.set('lease', 'theirs');
  expect(await fail('mine')).toBe(-1);
  expect(await redis.hgetall('tries')).toEqual({ starts: '0', throws: '1' });
});
