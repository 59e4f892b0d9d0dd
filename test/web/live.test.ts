import { EventEmitter, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { expect, test } from '@jest/globals';
import { createLive, MAX_CLIENTS_PER_CONVERSATION } from '../../adapters/web/live.js';
import type { ConversationLog } from '../../adapters/web/log.js';
import { until } from '../workers/workplace.js';
import { openHouse, visit } from './house.js';

/** What a browser would be sent. */
class Page extends EventEmitter {
  readonly written: string[] = [];
  writableEnded = false;
  destroyed = false;
  writableLength = 0;
  write(chunk: string) {
    this.written.push(chunk);
  }
  end() {
    this.writableEnded = true;
    this.emit('close');
  }
}

const nothing = {
  read: async () => [],
  follow: () => ({ follow: async () => undefined, unfollow: () => undefined, close: () => undefined }),
} as unknown as ConversationLog;

test('a stream ends at the next heartbeat after its session did, and when nobody can tell', async () => {
  const live = createLive(nothing, 5);
  const may = { stay: true, leave: true, ask: true };
  const pages = { stay: new Page(), leave: new Page(), ask: new Page() };
  for (const name of ['stay', 'leave', 'ask'] as const) {
    const stillThere = async () => (name === 'ask' && !may.ask ? Promise.reject(new Error('away')) : may[name]);
    live.attach('web-1', pages[name] as unknown as ServerResponse, [], undefined, stillThere);
  }
  await until(async () => pages.leave.written.includes(': still here\n\n'));
  Object.assign(may, { leave: false, ask: false });
  await until(async () => pages.leave.writableEnded && pages.ask.writableEnded);
  expect(pages.stay.writableEnded).toBe(false);
  expect(live.hasRoom('web-1')).toBe(true);
  live.close();
});

test('pages that leave before their stream begins take no place of those that stay', async () => {
  let waiting = 0;
  let storeIsSlow = true;
  const house = await openHouse({
    mount: async (http) => {
      http.addHook('preHandler', async ({ url }, { raw }) => {
        if (!storeIsSlow || !url.endsWith('/events')) return;
        waiting += 1;
        await once(raw, 'close');
        waiting -= 1;
      });
    },
  });
  try {
    const { open, conversation, token } = await visit(house);
    const leave = new AbortController();
    const init = { headers: { authorization: `Bearer ${token}` }, signal: leave.signal };
    const pages = Array.from({ length: MAX_CLIENTS_PER_CONVERSATION }, () =>
      fetch(`${house.url}/web/${conversation}/events`, init).catch(() => 'left'),
    );
    await until(async () => waiting === pages.length);
    leave.abort();
    expect(new Set(await Promise.all(pages))).toEqual(new Set(['left']));
    await until(async () => waiting === 0);
    storeIsSlow = false;
    await house.redis.ping(); // what they asked the log for was answered before
    (await open()).close();
  } finally {
    await house.stop();
  }
});
