import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { afterAttempt } from '../../bot/domain/retry.js';
import { TelcoAmbiguous, TelcoRefused, TelcoUnreachable } from '../../bot/telco.js';
import { ALICE, type Answering, type FarEnd, failureOf, json, ORDER, Stage, sleep } from './far-end.js';

const stage = new Stage();
afterEach(() => stage.clear());

const reset: Answering = (_, response) => void response.socket?.resetAndDestroy();

/** A port nobody listens on. */
async function closedPort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}

/** Answers with each rule in turn, and with the last one from then on. */
function inTurn(farEnd: FarEnd, ...rules: Answering[]): void {
  farEnd.onCall = (seen, response, nth) => rules[Math.min(nth, rules.length) - 1]?.(seen, response, nth);
}

const answer =
  (status: number, body: unknown = {}, headers = {}): Answering =>
  (_, response) =>
    json(response, status, body, headers);

describe('reading', () => {
  test.each([
    ['a dropped connection', reset],
    ['502', answer(502, '<html>bad gateway')],
    ['503', answer(503)],
    ['504', answer(504)],
  ])('tries up to twice more after %s', async (_, trouble) => {
    const millom = await stage.farEnd();
    inTurn(millom, trouble, trouble, answer(200, { activePlans: [] }));
    await expect(stage.client(millom).balance(ALICE)).resolves.toEqual({ plans: [] });
    expect(millom.calls).toHaveLength(3);

    inTurn(millom, trouble);
    expect(await failureOf(stage.client(millom).balance(ALICE))).toBeInstanceOf(TelcoUnreachable);
    expect(millom.calls).toHaveLength(6);
    expect(stage.reports.at(-1)).toMatchObject({ operation: 'balance', outcome: 'unreachable' });
  });

  test('registering is repeated too: the same list twice is the same list', async () => {
    const millom = await stage.farEnd();
    inTurn(millom, reset, answer(200, ''));
    await stage.client(millom).register?.(ALICE, []);
    expect(new Set(millom.calls.map(({ body }) => body)).size).toBe(1);
    expect(millom.calls).toHaveLength(2);
  });

  test('500 is not tried again', async () => {
    const millom = await stage.farEnd();
    millom.onCall = answer(500);
    expect(await failureOf(stage.client(millom).balance(ALICE))).toBeInstanceOf(TelcoUnreachable);
    expect(millom.calls).toHaveLength(1);
  });

  test('a 5xx whose cause lies with the server is "unreachable", one that lies with the subscriber is a refusal', async () => {
    const millom = await stage.farEnd();
    const client = stage.client(millom);
    millom.onCall = answer(500, { cause: 'SERVICE_UNAVAILABLE' });
    expect(await failureOf(client.balance(ALICE))).toBeInstanceOf(TelcoUnreachable);
    millom.onCall = answer(500, { cause: 'USER_ROAMING' });
    expect(await failureOf(client.balance(ALICE))).toMatchObject({ code: 'TELCO_REFUSED', reason: 'roaming' });
  });

  test('the waits between attempts stay within the deadline', async () => {
    const millom = await stage.farEnd();
    millom.onCall = answer(503, {}, { 'retry-after': '60' });
    const started = performance.now();
    expect(await failureOf(stage.client(millom).balance(ALICE))).toBeInstanceOf(TelcoUnreachable);
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(millom.calls).toHaveLength(1);
  });

  test('a silent telco costs the deadline and no more', async () => {
    const millom = await stage.farEnd();
    millom.onCall = () => undefined;
    const started = performance.now();
    expect(await failureOf(stage.client(millom).balance(ALICE, { deadlineMs: 300 }))).toBeInstanceOf(TelcoUnreachable);
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(millom.calls).toHaveLength(1);
  });

  test('a body that trickles one byte at a time runs into the same deadline', async () => {
    const millom = await stage.farEnd();
    millom.onCall = (_, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(drip));
    };
    const started = performance.now();
    expect(await failureOf(stage.client(millom).balance(ALICE, { deadlineMs: 400 }))).toBeInstanceOf(TelcoUnreachable);
    expect(performance.now() - started).toBeLessThan(1_500);
  });

  test.each([
    ['HTML', '<html>welcome to the captive portal'],
    ['half a document', '{"activePlans": ['],
    ['nothing', ''],
    ['a list', '[]'],
    ['a word', '"ok"'],
  ])('a 200 that holds %s is no balance', async (_, body) => {
    const millom = await stage.farEnd();
    millom.onCall = answer(200, body);
    expect(await failureOf(stage.client(millom).balance(ALICE))).toBeInstanceOf(TelcoUnreachable);
  });

  test('a 200 that holds an error document is a refusal, not an empty balance', async () => {
    const millom = await stage.farEnd();
    millom.onCall = answer(200, { cause: 'INVALID_NUMBER' });
    expect(await failureOf(stage.client(millom).balance(ALICE))).toMatchObject({ reason: 'invalid-number' });
  });
});

describe('refusals', () => {
  test.each([
    ['ERROR_CAUSE_UNSPECIFIED', 'unspecified'],
    ['INVALID_NUMBER', 'invalid-number'],
    ['BAD_REQUEST', 'bad-request'],
    ['USER_ROAMING', 'roaming'],
    ['USER_OPT_OUT', 'opted-out'],
    ['TOO_MANY_REQUESTS', 'too-many-requests'],
    ['SERVICE_UNAVAILABLE', 'unavailable'],
    ['PURCHASE_CONFLICT', 'conflict'],
    ['INSUFFICIENT_FUNDS', 'insufficient-funds'],
    ['NOT_ALLOWED', 'not-allowed'],
    ['SOMETHING_NEW', 'unspecified'],
  ])('%s is "%s", for reads and purchases alike', async (cause, reason) => {
    const millom = await stage.farEnd();
    millom.onCall = answer(400, { cause, errorMessage: `no, ${ALICE.key.value}` });
    const client = stage.client(millom);
    for (const failure of [await failureOf(client.balance(ALICE)), await failureOf(client.purchase(ALICE, ORDER))]) {
      expect(failure).toBeInstanceOf(TelcoRefused);
      expect(failure).toMatchObject({ reason, details: { status: 400 } });
      expect(JSON.stringify(failure) + String(failure)).not.toContain(ALICE.key.value);
    }
    expect(millom.calls).toHaveLength(2);
  });

  test.each([
    [400, 'unspecified'],
    [403, 'not-allowed'],
    [404, 'invalid-number'],
    [409, 'conflict'],
    [418, 'unspecified'],
    [429, 'too-many-requests'],
  ])('%i without a body that can be read is "%s"', async (status, reason) => {
    const millom = await stage.farEnd();
    millom.onCall = answer(status, '<html>');
    expect(await failureOf(stage.client(millom).balance(ALICE))).toMatchObject({ code: 'TELCO_REFUSED', reason });
    expect(millom.calls).toHaveLength(1);
  });

  test('429 is passed on at once, with the time to wait in ms', async () => {
    const millom = await stage.farEnd();
    const now = Date.parse('2026-11-21T10:00:00Z');
    const waits = [];
    for (const retryAfter of ['7', 'Sat, 21 Nov 2026 10:00:30 GMT', 'Sat, 21 Nov 2026 09:00:00 GMT', 'soon']) {
      millom.onCall = answer(429, {}, { 'retry-after': retryAfter });
      const failure = await failureOf(stage.client(millom, { now: () => now }).balance(ALICE));
      waits.push((failure as TelcoRefused).details.retryAfterMs);
    }
    expect(waits).toEqual([7_000, 30_000, 0, undefined]);
    expect(millom.calls).toHaveLength(4);
  });

  test('while a Retry-After runs, nobody is asked and nothing is ordered', async () => {
    const millom = await stage.farEnd();
    inTurn(millom, answer(429, {}, { 'retry-after': '1' }), answer(200));
    const client = stage.client(millom);
    await failureOf(client.balance(ALICE));
    const other = { operator: 'digi', key: { type: 'MSISDN', value: '60999999999' } } as const;
    const failure = await failureOf(client.purchase(other, ORDER));
    expect(failure).toMatchObject({ reason: 'too-many-requests' });
    expect((failure as TelcoRefused).details.retryAfterMs).toBeGreaterThan(500);
    expect(millom.calls).toHaveLength(1);

    await sleep(1_050);
    await client.balance(other);
    expect(millom.calls).toHaveLength(2);
  });

  test('a 503 is as good as a 429, and ten minutes are ten minutes', async () => {
    const millom = await stage.farEnd();
    millom.onCall = answer(503, {}, { 'retry-after': '600' });
    const client = stage.client(millom);
    expect(await failureOf(client.balance(ALICE))).toBeInstanceOf(TelcoUnreachable);
    const failure = await failureOf(client.purchase(ALICE, ORDER));
    expect(failure).toMatchObject({ reason: 'too-many-requests' });
    expect((failure as TelcoRefused).details.retryAfterMs).toBeGreaterThan(590_000);
    expect(millom.calls).toHaveLength(1);
  });
});

describe('an order', () => {
  const completed = answer(200, { transid: ORDER.transactionId, status: 'completed' });

  test.each<[string, Answering]>([
    ['a dropped connection', reset],
    [
      'a connection lost in mid-answer',
      (_, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('{"status"');
        setTimeout(() => response.destroy(), 20);
      },
    ],
    ['500', answer(500, { cause: 'INSUFFICIENT_FUNDS' })],
    ['503', answer(503)],
    ['408', answer(408)],
    ['a redirect', answer(302, {}, { location: '/elsewhere' })],
    ['HTML', answer(200, '<html>')],
    ['half a document', answer(202, '{"status":"proc')],
    ['nothing', answer(200, '')],
    ['nothing at all', (_, response) => void response.writeHead(204).end()],
    ['an empty document', answer(200, {})],
    ["another order's id", answer(200, { transid: 'another-order', status: 'completed' })],
    ['a word nobody knows', answer(200, { transid: ORDER.transactionId, status: 'pending' })],
    ['a loan nobody agreed to', answer(200, { transid: ORDER.transactionId, status: 'completed', fundSource: 'LOAN' })],
    ['a cause that says it was bought before', answer(409, { cause: 'PURCHASE_ALREADY_EXECUTED' })],
    ['a cause that says it is being bought', answer(409, { cause: 'PURCHASE_IN_PROGRESS' })],
    // As a firewall does it that does not like what the answer to a charged order says.
    ['a proxy’s own 403', answer(403, '<html><h1>Forbidden</h1>')],
    ['a proxy’s own 404', answer(404, '<html>')],
    ['a 409 that gives no cause', answer(409, {})],
    ['a 403 of another shape', answer(403, { error: 'forbidden', status: 403 })],
    ['a 403 without a body', answer(403, '')],
    ['half a refusal', answer(403, '{"cause":"NOT_ALL')],
    ['a cause that is no word', answer(403, { cause: 403 })],
  ])('answered with %s is ambiguous, and is never sent twice', async (_, trouble) => {
    const millom = await stage.farEnd();
    inTurn(millom, trouble, completed);
    expect(await failureOf(stage.client(millom).purchase(ALICE, ORDER))).toBeInstanceOf(TelcoAmbiguous);
    expect(millom.calls).toHaveLength(1);
    expect(stage.reports.at(-1)).toMatchObject({ operation: 'purchase', outcome: 'ambiguous' });
  });

  test.each([
    [401, 'not-allowed'],
    [429, 'too-many-requests'],
  ])('turned away with %i is refused whatever the page says: nobody read it', async (status, reason) => {
    const millom = await stage.farEnd();
    millom.onCall = answer(status, '<html>');
    const failure = await failureOf(stage.client(millom).purchase(ALICE, ORDER));
    expect(failure).toMatchObject({ code: 'TELCO_REFUSED', reason, details: { status } });
  });

  test('that is not answered in time is ambiguous', async () => {
    const millom = await stage.farEnd();
    millom.onCall = () => undefined;
    const failure = await failureOf(stage.client(millom).purchase(ALICE, ORDER, { deadlineMs: 300 }));
    expect(failure).toBeInstanceOf(TelcoAmbiguous);
    expect(millom.calls).toHaveLength(1);
  });

  test('that waited in the queue past its deadline is unreachable, and is not sent afterwards', async () => {
    const millom = await stage.farEnd();
    millom.onCall = (seen, response, nth) => void setTimeout(() => completed(seen, response, nth), 400);
    const client = stage.client(millom, { connections: 1 });
    const first = client.purchase(ALICE, ORDER);
    const second = client.purchase(ALICE, { ...ORDER, transactionId: 'second-order' }, { deadlineMs: 150 });
    expect(await failureOf(second)).toBeInstanceOf(TelcoUnreachable);
    await expect(first).resolves.toEqual({ status: 'completed' });
    await sleep(200);
    expect(millom.calls.map(({ body }) => JSON.parse(body).transid)).toEqual([ORDER.transactionId]);
  });

  test('that nobody was there to take is unreachable, after a few tries', async () => {
    const millom = await stage.farEnd();
    const client = stage.client(millom, { baseUrl: await closedPort() });
    const started = performance.now();
    expect(await failureOf(client.purchase(ALICE, ORDER))).toBeInstanceOf(TelcoUnreachable);
    expect(performance.now() - started).toBeGreaterThan(100);
  });

  test('is taken when the telco comes back between two tries', async () => {
    const millom = await stage.farEnd();
    const address = await closedPort();
    const late = createServer((socket) => {
      socket
        .on('error', () => undefined)
        .once('data', () => {
          const body = JSON.stringify({ transid: ORDER.transactionId, status: 'completed' });
          socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`);
        });
    });
    const client = stage.client(millom, { baseUrl: address });
    const answered = client.purchase(ALICE, ORDER);
    setTimeout(() => late.listen(Number(new URL(address).port), '127.0.0.1'), 30);
    await expect(answered).resolves.toEqual({ status: 'completed' });
    await new Promise((resolve) => late.close(resolve));
  });

  test('a conflict is a refusal the first time, and ambiguous once the order has been sent before', async () => {
    const millom = await stage.farEnd();
    const client = stage.client(millom);
    millom.onCall = answer(409, { cause: 'PURCHASE_CONFLICT' });
    expect(await failureOf(client.purchase(ALICE, ORDER))).toMatchObject({ code: 'TELCO_REFUSED', reason: 'conflict' });

    inTurn(millom, answer(409), answer(401), answer(409, { cause: 'PURCHASE_CONFLICT' }));
    expect(await failureOf(client.purchase(ALICE, ORDER))).toBeInstanceOf(TelcoAmbiguous);
  });

  test('never goes out on a connection that is just being closed', async () => {
    const millom = await stage.farEnd();
    const used = new Set<unknown>();
    millom.onCall = (seen, response, nth) => {
      const { socket } = response;
      // As a balancer does it: the second request on a kept connection meets a reset.
      if (used.has(socket)) reset(seen, response, nth);
      else completed(seen, response, nth);
      used.add(socket);
    };
    const client = stage.client(millom);
    for (let i = 0; i < 5; i++) await expect(client.purchase(ALICE, ORDER)).resolves.toEqual({ status: 'completed' });
  });

  test.each([
    [200, { status: 'processing' }, 'processing'],
    [200, { status: 'failed' }, 'failed'],
    [202, { status: 'completed' }, 'completed'],
    [202, { status: 'failed' }, 'failed'],
    [201, { status: 'completed' }, 'completed'],
    [202, '', 'processing'],
    [202, {}, 'processing'],
    [200, { transid: ORDER.transactionId }, 'completed'],
    [200, { transid: ORDER.transactionId.toUpperCase(), status: ' Completed ' }, 'completed'],
    [200, { transid: ORDER.transactionId, status: 'failed', fundSource: 'LOAN' }, 'failed'],
  ])('answered with %i %j is %s', async (status, body, expected) => {
    const millom = await stage.farEnd();
    millom.onCall = answer(status, body);
    await expect(stage.client(millom).purchase(ALICE, ORDER)).resolves.toEqual({ status: expected });
  });

  test("the operator's receipt code is kept, their words are not", async () => {
    const millom = await stage.farEnd();
    millom.onCall = answer(200, { status: 'failed', transactionMessage: 'no such plan', confirmationCode: 12345 });
    await expect(stage.client(millom).purchase(ALICE, ORDER)).resolves.toEqual({
      status: 'failed',
      confirmationCode: '12345',
    });
  });
});

describe('a body without end', () => {
  /** Sends up to 100 MB and counts what went out. */
  function flood(farEnd: FarEnd, status: number): { sent: number } {
    const flooding = { sent: 0 };
    const block = Buffer.alloc(64 * 1024, 'x');
    farEnd.onCall = (_, response) => {
      response.writeHead(status);
      const pour = () => {
        while (flooding.sent < 100e6 && !response.destroyed) {
          flooding.sent += block.length;
          if (!response.write(block)) return void response.once('drain', pour);
        }
        response.end();
      };
      pour();
    };
    return flooding;
  }

  test('is cut off at 1 MB, and memory stays flat', async () => {
    const millom = await stage.farEnd();
    const client = stage.client(millom);
    await client.balance(ALICE);
    const flooding = flood(millom, 200);
    const before = process.memoryUsage();
    for (let i = 0; i < 20; i++) expect(await failureOf(client.balance(ALICE))).toBeInstanceOf(TelcoUnreachable);
    const after = process.memoryUsage();
    // Twenty bodies of 100 MB were on offer; what left the server is what socket buffers hold.
    expect(flooding.sent).toBeLessThan(20 * 8e6);
    expect(after.rss - before.rss).toBeLessThan(80e6);
  });

  // Of what was never read nobody knows who wrote it: the refusal of an order may be a proxy's page about a charged one.
  test('makes an order ambiguous whatever the status, and the refusal of a question no less a refusal', async () => {
    const millom = await stage.farEnd();
    const client = stage.client(millom);
    flood(millom, 200);
    expect(await failureOf(client.purchase(ALICE, ORDER))).toBeInstanceOf(TelcoAmbiguous);
    flood(millom, 403);
    expect(await failureOf(client.purchase(ALICE, ORDER))).toBeInstanceOf(TelcoAmbiguous);
    expect(await failureOf(client.balance(ALICE))).toMatchObject({ reason: 'not-allowed' });
  });

  test('is not even begun when its length is announced', async () => {
    const millom = await stage.farEnd();
    millom.onCall = (_, response) => {
      response.writeHead(200, { 'content-length': '100000000' });
      response.write('{');
    };
    const started = performance.now();
    expect(await failureOf(stage.client(millom).balance(ALICE))).toBeInstanceOf(TelcoUnreachable);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe('after an attempt', () => {
  const attempt = { repeatable: true, number: 1, tokenReplaced: false, sent: true, remainingMs: 5_000, random: 0.5 };

  test('a Retry-After is waited out where the deadline allows', () => {
    expect(afterAttempt({ ...attempt, status: 503, retryAfterMs: 2_000 })).toEqual({ waitMs: 2_000 });
    expect(afterAttempt({ ...attempt, status: 503, retryAfterMs: 6_000 })).toBe('settle');
  });

  test('waits grow, with jitter', () => {
    expect(afterAttempt({ ...attempt, random: 0 })).toEqual({ waitMs: 50 });
    expect(afterAttempt({ ...attempt, random: 1 })).toEqual({ waitMs: 150 });
    expect(afterAttempt({ ...attempt, number: 2 })).toEqual({ waitMs: 200 });
    expect(afterAttempt({ ...attempt, number: 3 })).toBe('settle');
  });

  test('an order that left is never repeated, whatever came back', () => {
    for (const status of [undefined, 200, 202, 400, 429, 500, 502, 503, 504]) {
      expect(afterAttempt({ ...attempt, repeatable: false, status })).toBe('settle');
    }
    expect(afterAttempt({ ...attempt, repeatable: false, sent: false })).toEqual({ waitMs: 100 });
  });

  test('a 401 earns one new token, not two', () => {
    expect(afterAttempt({ ...attempt, status: 401 })).toBe('new-token');
    expect(afterAttempt({ ...attempt, status: 401, tokenReplaced: true })).toBe('settle');
  });
});
