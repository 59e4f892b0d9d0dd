import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openRedis } from '../../bot/stores/redis.js';
import { createRedisLiveLog } from '../../bot/stores/redis-live-log.js';
import { silent, tempRedis } from '../support/stores.js';

type Server = Awaited<ReturnType<typeof tempRedis>>;

/**
 * One address for two servers, as a managed Redis has it: new connections go to the master, old ones stay where they are.
 * `taken` counts connections.
 */
async function startAddress() {
  const open = new Set<Socket>();
  let master = '';
  let taken = 0;
  const server = createServer((client) => {
    taken += 1;
    const upstream = connect(master);
    client.pipe(upstream).pipe(client);
    for (const end of [client, upstream]) open.add(end.on('error', () => undefined));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    pointTo(socket: string) {
      master = socket;
    },
    /** As when a host or a way to it is gone: nothing gets through on the connections there are, and nobody is told. */
    silence() {
      for (const end of open) end.unpipe().pause();
    },
    taken: () => taken,
    close() {
      server.close();
      for (const end of open) end.destroy();
    },
  };
}

describe('a failover that leaves its connections with what is a replica now', () => {
  let before: Server;
  let after: Server;
  let address: Awaited<ReturnType<typeof startAddress>>;
  beforeEach(async () => {
    [before, after, address] = await Promise.all([tempRedis(), tempRedis(), startAddress()]);
    address.pointTo(before.socket);
  });
  afterEach(async () => {
    address.close();
    await Promise.all([before.close(), after.close()]);
  });

  test('is not ready, refuses for a moment what must not wait, loses nothing that can, and goes on by itself', async () => {
    const store = await openRedis({ url: address.url, dataDir: '', log: silent });
    try {
      const [webhooks, workers] = [store.forWebhooks(), store.forWorkers()];
      await Promise.all([once(webhooks, 'ready'), workers.set('by', 'the old master')]);
      await webhooks.set('by', 'the old master');
      // Its own master cannot be reached, and does not matter: it takes no writes.
      await before.store.forWorkers().replicaof('127.0.0.1', 1);
      await expect(store.ping()).rejects.toThrow('READONLY');
      await expect(webhooks.set('by', 'nobody')).rejects.toThrow('READONLY');
      address.pointTo(after.socket);
      await workers.set('by', 'the new master');
      expect(await after.store.forWorkers().get('by')).toBe('the new master');
      for (let said: unknown; said !== 'OK'; ) said = await webhooks.set('by', 'a webhook').catch(() => undefined);
      expect(await after.store.forWorkers().get('by')).toBe('a webhook');
      await store.ping();
    } finally {
      await store.close();
    }
  });
});

describe('connections that say nothing any more, and are not closed either', () => {
  let server: Server;
  let silenced: Awaited<ReturnType<typeof startAddress>>;
  let healthy: Awaited<ReturnType<typeof startAddress>>;
  beforeEach(async () => {
    [server, silenced, healthy] = await Promise.all([tempRedis(), startAddress(), startAddress()]);
    for (const address of [silenced, healthy]) address.pointTo(server.socket);
  });
  afterEach(async () => {
    for (const address of [silenced, healthy]) address.close();
    await server.close();
  });

  test('are left for new ones within half a minute; those that only have nothing to say are kept', async () => {
    const [store, idle] = await Promise.all(
      [silenced, healthy].map(({ url }) => openRedis({ url, dataDir: '', log: silent })),
    );
    if (store === undefined || idle === undefined) throw new Error('unreachable');
    try {
      const [webhooks, workers, quiet, blocked] = [
        store.forWebhooks(),
        store.forWorkers(),
        idle.forWorkers(),
        idle.forWorkers(),
      ];
      const missed: string[] = [];
      const heard = () => undefined;
      const liveLogOf = (one: typeof store) =>
        createRedisLiveLog({ commands: one.forWebhooks(), subscriber: one.forWorkers, prefix: 'log' });
      const followers = [
        liveLogOf(store).follow({ heard, missed: () => missed.push('silenced') }),
        liveLogOf(idle).follow({ heard, missed: () => missed.push('healthy') }),
      ];
      await Promise.all([
        once(webhooks, 'ready'),
        workers.ping(),
        quiet.ping(),
        ...followers.map((f) => f.follow('page')),
      ]);
      // What they follow from the beginning is subscribed to as soon as they are connected, and told.
      while (missed.length < 2) await sleep(20);
      missed.length = 0;
      const taken = healthy.taken();
      silenced.silence();
      const silentSince = Date.now();
      // As long as a worker of BullMQ waits at most for a job.
      const nothing = blocked.bzpopmin('nothing', 10);
      await expect(webhooks.set('webhook', 'refused')).rejects.toThrow();
      const sent = workers.set('worker', 'kept').then(() => Date.now() - silentSince);
      for (let said: unknown; said !== 'OK'; await sleep(20)) {
        expect(Date.now() - silentSince).toBeLessThan(6_000);
        said = await webhooks.set('webhook', 'taken').catch(() => undefined);
      }
      expect(await sent).toBeLessThan(20_000);
      for (; missed.length === 0; await sleep(20)) expect(Date.now() - silentSince).toBeLessThan(30_000);
      expect(await nothing).toBeNull();
      expect(await quiet.ping()).toBe('PONG');
      expect(missed).toEqual(['silenced']);
      expect(healthy.taken()).toBe(taken);
      for (const follower of followers) follower.close();
    } finally {
      await Promise.all([store.close(), idle.close()]);
    }
  }, 60_000);
});
