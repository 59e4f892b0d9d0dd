import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { startTestApp, type TestApp } from '../support/app.js';
import { NO_POSTGRES, postgresServer } from '../support/stores.js';
import { type WebClient, words } from '../support/web-client.js';

let app: TestApp;
let daniel: WebClient & { readonly id: string };
beforeAll(async () => {
  app = await startTestApp();
  daniel = await app.subscriber('daniel');
  await daniel.hello();
});
afterAll(() => app?.close());

describe('Redis stops answering', () => {
  test('webhooks say 503 within about a second, take nothing, and work again when it is back', async () => {
    const redis = processOf(`${app.dataDir}/redis/redis.sock`);
    const event = { id: randomUUID(), text: 'balance' };
    process.kill(redis, 'SIGSTOP');
    try {
      const started = performance.now();
      expect(await daniel.post(event)).toBe(503);
      expect(performance.now() - started).toBeLessThan(3000);
      expect((await fetch(`${app.url}/readyz`)).status).toBe(503);
      expect((await fetch(`${app.url}/healthz`)).status).toBe(200);
    } finally {
      process.kill(redis, 'SIGCONT');
    }
    expect(await retried(() => daniel.post(event))).toBe(202);
    // The first try may have reached Redis before it stopped answering: the same event is answered once all the same.
    expect(words(await daniel.next(30_000))).toContain('What you have left');
    expect(await daniel.quiet(500)).toEqual([]);
  }, 60_000);
});

const server = await postgresServer();
const onServer = server === undefined ? describe.skip : describe;
onServer(server === undefined ? `PostgreSQL goes away [${NO_POSTGRES}]` : 'PostgreSQL goes away', () => {
  test('callbacks say 503 and change nothing; turns wait and are answered when it is back', async () => {
    const admin = new pg.Client({ connectionString: server });
    await admin.connect();
    const name = app.databaseName ?? '';
    await admin.query(`alter database ${name} allow_connections false`);
    await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
    try {
      const response = await fetch(`${app.url}/millom/callback/v1/digi/?idValue=601155000101&idType=MSISDN`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ transactionId: randomUUID(), appId: 'refill' }),
      });
      expect(response.status).toBe(503);
      expect(response.headers.get('content-type')).toContain('application/problem+json');
      expect(await daniel.post({ text: 'my purchases' })).toBe(202);
      expect(await daniel.quiet(500)).toEqual([]);
    } finally {
      await admin.query(`alter database ${name} allow_connections true`);
      await admin.end();
    }
    expect(words(await daniel.next(30_000))).toContain('You have not bought anything');
  }, 60_000);
});

const alone =
  server === undefined ? `without Redis, PostgreSQL goes away [${NO_POSTGRES}]` : 'without Redis, PostgreSQL goes away';
onServer(alone, () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ REFILL_STORES: 'postgres' });
  });
  afterAll(() => app?.close());

  test('webhooks say 503 within about a second; turns, queues and pages go on by themselves when it is back', async () => {
    const amir = await app.subscriber('daniel');
    await amir.hello();
    const event = { id: randomUUID(), text: 'balance' };
    const admin = new pg.Client({ connectionString: server });
    await admin.connect();
    const name = app.databaseName ?? '';
    await admin.query(`alter database ${name} allow_connections false`);
    await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
    try {
      const started = performance.now();
      expect(await amir.post(event)).toBe(503);
      expect(performance.now() - started).toBeLessThan(3000);
      expect((await fetch(`${app.url}/readyz`)).status).toBe(503);
      expect((await fetch(`${app.url}/healthz`)).status).toBe(200);
    } finally {
      await admin.query(`alter database ${name} allow_connections true`);
      await admin.end();
    }
    expect(await retried(() => amir.post(event))).toBe(202);
    expect(words(await amir.next(30_000))).toContain('What you have left');
    const detail = await amir.press(await amir.say('offers'), /Weekly Internet 5 GB/);
    const confirmation = await amir.press(detail, 'Buy for RM 10.00');
    await amir.press(confirmation, 'Pay RM 10.00');
    expect(words(await amir.next(30_000))).toContain('Weekly Internet 5 GB is yours');
  }, 90_000);
});

/** The process with these words in its command line. */
function processOf(title: string): number {
  const rows = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' }).split('\n');
  const row = rows.find((line) => line.includes(title));
  if (row === undefined) throw new Error(`no process of ${title}`);
  return Number.parseInt(row, 10);
}

async function retried(request: () => Promise<number>): Promise<number> {
  for (let left = 50; ; left--) {
    const status = await request();
    if (status !== 503 || left === 0) return status;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
