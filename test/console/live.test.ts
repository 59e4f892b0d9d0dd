import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import Fastify from 'fastify';
import type { Guard } from '../../bot/access/people/index.js';
import { consoleRoutes } from '../../bot/console.js';
import { createTrace } from '../../bot/trace.js';
import { until } from '../workers/workplace.js';

test('a page that leaves while it is asked who it is, is not watched for', async () => {
  const trace = createTrace();
  const asked: string[] = [];
  const watching = new Set<object>();
  const watched = {
    ...trace,
    subscribe(listener: Parameters<typeof trace.subscribe>[0]) {
      const unsubscribe = trace.subscribe(listener);
      watching.add(listener);
      return () => {
        watching.delete(listener);
        unsubscribe();
      };
    },
  };
  const guard = {
    only: () => async (request) => {
      asked.push(request.url);
      if (request.url.endsWith('?leaves')) await once(request.raw.socket, 'close');
    },
  } as Pick<Guard, 'only'> as Guard;
  const http = Fastify({ forceCloseConnections: true });
  await http.register(consoleRoutes, { trace: watched, sandboxUrl: '', guard });
  const url = `${await http.listen({ port: 0, host: '127.0.0.1' })}/console/live`;
  try {
    const leave = new AbortController();
    const left = fetch(`${url}?leaves`, { signal: leave.signal }).catch(() => 'left');
    await until(async () => asked.length === 1);
    leave.abort();
    expect(await left).toBe('left');
    const stay = new AbortController();
    const stays = await fetch(url, { signal: stay.signal });
    expect(stays.status).toBe(200);
    expect(watching.size).toBe(1);
    stay.abort();
    await until(async () => watching.size === 0);
  } finally {
    await http.close();
  }
});
