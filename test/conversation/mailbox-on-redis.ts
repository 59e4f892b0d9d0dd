import { randomBytes } from 'node:crypto';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { type Keys, keysOf, letterKey } from '../../bot/conversation/mailbox-keys.js';
import { createRedisMailbox } from '../../bot/conversation/redis-mailbox.js';
import { BEGIN, DELIVER } from '../../bot/conversation/scripts.js';
import type { RedisStore } from '../../bot/stores/redis.js';
import { tempRedis, tempVault } from '../support/stores.js';
import { type MailboxHouse, type MailboxOptions, ready, type TestMailbox, until } from './mailboxes.js';

/** Both at one moment. */
const LOOK = `return { redis.call('LLEN', KEYS[1]), redis.call('GET', KEYS[2]) }`;

/** A mailbox with keys of its own; `redis` sees what it keeps. */
export interface RedisTestMailbox extends TestMailbox {
  readonly redis: Redis;
  readonly prefix: string;
  keys(conversation: string): Keys;
}

export async function redisHouse(): Promise<MailboxHouse> {
  const server = await tempRedis();
  return { open: (options) => openRedisMailbox(server.store, options), close: () => server.close() };
}

export async function openRedisMailbox(store: RedisStore, options: MailboxOptions = {}): Promise<RedisTestMailbox> {
  const redis = store.forWebhooks();
  await ready(redis);
  const prefix = options.prefix ?? `test-${randomBytes(6).toString('hex')}`;
  const vault = options.vault ?? tempVault();
  let aged = 0;
  const now = () => Date.now() + aged;
  const mailbox = createRedisMailbox({ now, ...options, vault, webhooks: redis, workers: store.forWorkers, prefix });
  const keys = (conversation: string) => keysOf(prefix, conversation);
  const opened = (sealed: string | null) => (sealed === null ? undefined : vault.open(sealed));
  return {
    ...mailbox,
    redis,
    prefix,
    vault,
    keys,
    session: async (conversation) => opened(await redis.get(keys(conversation).session)),
    keepSession: async (conversation, session) =>
      void (await redis.set(keys(conversation).session, vault.seal(session))),
    async look(conversation) {
      const { box, session } = keys(conversation);
      const [left, sealed] = (await redis.eval(LOOK, 2, box, session)) as [number, string | null];
      return { left, session: opened(sealed) };
    },
    async kept() {
      const names = await redis.keys(`*${prefix}*`);
      const boxes = names.filter((name) => name.includes(':box:'));
      return [...names, ...(await Promise.all(boxes.map((box) => redis.lrange(box, 0, -1)))).flat()];
    },
    leftovers: () => leftovers(redis, prefix),
    spoil: async (conversation, index, bytes) => void (await redis.lset(keys(conversation).box, index, bytes)),
    async dead(conversation) {
      const ids = await redis.zrange(keys(conversation).dead, '0', '-1');
      const letters = await Promise.all(ids.map((id) => redis.get(letterKey(prefix, conversation, id))));
      return letters.map((letter) => JSON.parse(opened(letter) ?? '{}').sealed);
    },
    // A producer killed between its two commands leaves an entry, and no wake-up.
    async strand(event) {
      const { seen, box, open, lease, tries, session } = keys(event.conversationId);
      const given = [60_000, vault.seal(JSON.stringify(event)), event.conversationId, Date.now(), '', 10_000];
      await redis.eval(DELIVER, 6, seen(event.id), box, open, lease, tries, session, ...given);
    },
    beginAndDie: (conversation) => begin(redis, keys(conversation), conversation, 1),
    // A connection that breaks before the answer came sends the same again.
    beginUnanswered: (conversation, times) => begin(redis, keys(conversation), conversation, times),
    hurry: (done) => hurry(redis, prefix, done),
    async age(ms) {
      aged += ms;
    },
  };
}

async function begin(redis: Redis, keys: Keys, conversation: string, times: number): Promise<void> {
  const { box, open, lease, tries, session } = keys;
  const token = randomBytes(9).toString('base64url');
  for (let time = 0; time < times; time++) {
    await redis.eval(BEGIN, 5, box, open, lease, tries, session, token, 10_000, conversation);
  }
  // The worker is dead for so long that its lease has run out.
  await redis.del(lease);
}

async function leftovers(redis: Redis, prefix: string): ReturnType<TestMailbox['leftovers']> {
  const names = await redis.keys(`{${prefix}:*`);
  const queue = /:turns:(meta|id|events|marker|stalled-check)$/;
  const of = (part: string) => names.filter((name) => name.includes(`:${part}:`));
  const others = names.filter((name) => !name.includes(':seen:') && !name.includes(':session:') && !queue.test(name));
  return { seen: of('seen').length, sessions: of('session').length, others };
}

async function hurry(redis: Redis, prefix: string, done: () => boolean): Promise<void> {
  const queue = new Queue('turns', { connection: redis, prefix: `{${prefix}:turns}`, skipMetasUpdate: true });
  await until(async () => {
    for (const job of await queue.getDelayed()) await job.promote().catch(() => undefined);
    return done();
  });
}
