import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openRedis } from '../../bot/stores/redis.js';
import { silent, tempRedis } from '../support/stores.js';

type Server = Awaited<ReturnType<typeof tempRedis>>;

/** One address for two servers, as a managed Redis has it: new connections go to the master, old ones stay where they are. */
async function startAddress() {
  const open = new Set<Socket>();
  let master = '';
  const server = createServer((client) => {
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
