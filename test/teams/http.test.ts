import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createHttpOut, type Http } from '../../adapters/teams/http.js';

let server: Server;
let http: Http;
afterEach(async () => {
  await http.close();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

/** Asks a server that answers like that. */
async function ask(listener: RequestListener, now?: () => number) {
  server = createServer(listener);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  http = createHttpOut(now, 300);
  return http.request('GET', `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, {});
}

const failed = { code: 'TEAMS_EXCHANGE_FAILED' };

describe('talking to Microsoft', () => {
  test('a silent far end is given up', async () => {
    await expect(ask(() => undefined)).rejects.toMatchObject(failed);
  });

  test('so is one that drips', async () => {
    const started = Date.now();
    const dripping = ask((_, response) => {
      const drip = setInterval(() => response.write('x'), 50);
      response.on('close', () => clearInterval(drip));
    });
    await expect(dripping).rejects.toMatchObject(failed);
    expect(Date.now() - started).toBeLessThan(1_000);
  });

  test('an endless answer is not read to its end', async () => {
    await expect(ask((_, response) => void response.end(Buffer.alloc(2_000_000)))).rejects.toMatchObject(failed);
  });

  test('a redirect is an answer and is not followed', async () => {
    let asked = 0;
    const answer = await ask((_, response) => {
      asked++;
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    expect([answer.status, asked]).toEqual([302, 1]);
  });

  test.each([
    ['7', 7_000],
    ['0.5', 500],
    ['0', 0],
    ['Sat, 21 Nov 2026 09:00:30 GMT', 30_000],
    ['Sat, 21 Nov 2026 08:00:00 GMT', 0],
    ['soon', undefined],
    ['-1', undefined],
    ['', undefined],
  ])('Retry-After: %s', async (header, ms) => {
    const now = () => Date.UTC(2026, 10, 21, 9, 0, 0);
    const answer = await ask((_, response) => void response.writeHead(429, { 'retry-after': header }).end(), now);
    expect(answer.retryAfterMs).toBe(ms);
  });
});
