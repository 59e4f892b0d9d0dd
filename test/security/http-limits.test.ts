import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createHttp, type HttpLimits } from '../../bot/http.js';
import { readJsonBody } from '../../bot/json.js';
import { createMetrics } from '../../bot/metrics.js';
import { silent } from '../support/stores.js';

const open: { close(): Promise<unknown> }[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(open.splice(0).map((server) => server.close()));
});

/** The server of the app, with a route that takes JSON and one that gives a lot. */
async function serve(limits: Partial<HttpLimits> = {}, trustedProxies: readonly string[] = []) {
  const http = createHttp({
    ...{ log: silent, metrics: createMetrics(), ready: async () => undefined, limits, trustedProxies },
  });
  http.post('/take', async (request) => ({ took: typeof readJsonBody(request.body) }));
  http.get('/much', async () => Buffer.alloc(32 * 1024 * 1024));
  await http.listen({ host: '127.0.0.1', port: 0 });
  open.push(http);
  const { port } = http.server.address() as AddressInfo;
  return { http, port, url: `http://127.0.0.1:${port}` };
}

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

const ended = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()).resume());

describe('slow senders', () => {
  const FAST = { headersMs: 1000, requestMs: 1500, checkMs: 100 };
  const HALF_HEADERS = 'POST /take HTTP/1.1\r\nhost: x\r\n';
  const HALF_BODY = `${HALF_HEADERS}content-type: application/json\r\ncontent-length: 1000\r\n\r\n{`;

  test('500 of them, of every kind, are cut while everybody else is answered', async () => {
    const { port, url } = await serve(FAST);
    const kinds = ['', HALF_HEADERS, HALF_BODY, 'P'];
    const slow = await Promise.all(Array.from({ length: 500 }, () => dial(port)));
    const cut = Promise.all(slow.map(ended));
    // Each keeps sending a byte now and then, which resets nothing.
    for (const [index, socket] of slow.entries()) socket.write(kinds[index % kinds.length] ?? '');
    const drip = setInterval(() => {
      for (const [index, socket] of slow.entries()) if (index % 4 !== 0 && socket.writable) socket.write('a');
    }, 200);
    let allCut = false;
    void cut.then(() => {
      allCut = true;
    });
    let answered = 0;
    try {
      while (!allCut || answered === 0) {
        const response = await fetch(`${url}/take`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{"a":1}',
        });
        expect(response.status).toBe(200);
        await response.arrayBuffer();
        answered++;
      }
    } finally {
      clearInterval(drip);
    }
    expect(answered).toBeGreaterThan(10);
    expect(slow.every((socket) => socket.destroyed)).toBe(true);
  });

  test('one whose request is whole is answered, however many wait', async () => {
    const { port } = await serve(FAST);
    const socket = await dial(port);
    const answered = ended(socket);
    let got = '';
    socket.setEncoding('utf8').on('data', (chunk) => {
      got += chunk;
    });
    const body = '{"a":1}';
    const head = `${HALF_HEADERS}content-type: application/json\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n`;
    for (const part of [head, body.slice(0, 3), body.slice(3)]) {
      socket.write(part);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await answered;
    expect(got).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('and slow readers keep a server that stops no longer than a request may take', async () => {
    const { http, port } = await serve(FAST);
    const [writes, reads] = [await dial(port), await dial(port)];
    writes.write(
      `${HALF_HEADERS}content-type: application/json\r\nexpect: 100-continue\r\ncontent-length: 1000\r\n\r\n`,
    );
    reads.write('GET /much HTTP/1.1\r\nhost: x\r\n\r\n');
    await Promise.all([once(writes, 'data'), once(reads, 'readable')]);
    const drip = setInterval(() => writes.write('a'), 200);
    const began = performance.now();
    await http.close().finally(() => clearInterval(drip));
    expect(performance.now() - began).toBeGreaterThan(FAST.requestMs - 100);
    expect(performance.now() - began).toBeLessThan(10_000);
  }, 20_000);
});

describe('sizes and counts', () => {
  test('a long address is 414, many headers 431, both as problem+json', async () => {
    const { url } = await serve();
    const long = await fetch(`${url}/take?x=${'y'.repeat(5000)}`);
    expect([long.status, long.headers.get('content-type')]).toEqual([
      414,
      expect.stringMatching(/^application\/problem\+json/),
    ]);
    const headers = Object.fromEntries(Array.from({ length: 110 }, (_, index) => [`x-${index}`, '1']));
    const many = await fetch(`${url}/healthz`, { headers });
    expect([many.status, await many.json()]).toEqual([431, expect.objectContaining({ code: 'TOO_MANY_HEADERS' })]);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  test('headers of more than 16 KB are 431', async () => {
    const { url } = await serve();
    const response = await fetch(`${url}/healthz`, { headers: { 'x-long': 'y'.repeat(17_000) } });
    expect(response.status).toBe(431);
  });

  test.each(['authorization: Bearer a\r\nAuthorization: Bearer b', 'host: y'])('%j twice is 400', async (twice) => {
    const { port } = await serve();
    const socket = await dial(port);
    const got = text(socket);
    socket.write(`POST /take HTTP/1.1\r\nhost: x\r\n${twice}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    const answer = await got;
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('REPEATED_HEADER');
  });

  test('10 MB are 413, said or not said beforehand; the server goes on', async () => {
    const { url } = await serve();
    const big = Buffer.alloc(10 * 1024 * 1024, '1');
    const chunked = new ReadableStream({
      pull(controller) {
        controller.enqueue(big.subarray(0, 64 * 1024));
      },
    });
    for (const body of [big, chunked]) {
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body, duplex: 'half' } as const;
      // The server answers and hangs up; a client still writing may see only the latter.
      const status = await fetch(`${url}/take`, init).then(
        ({ status }) => status,
        (error: Error) => error.name,
      );
      expect([413, 'TypeError']).toContain(status);
    }
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  test('deep JSON is 413 and __proto__ is 400', async () => {
    const { url } = await serve();
    const send = (body: string) =>
      fetch(`${url}/take`, { method: 'POST', headers: { 'content-type': 'application/json' }, body }).then(
        ({ status }) => status,
      );
    expect(await send('['.repeat(100_000))).toBe(413);
    expect(await send('{"__proto__":{"a":1}}')).toBe(400);
    expect(await send('{}')).toBe(200);
  });

  test('one address has its share of the connections, and gets it back when it hangs up', async () => {
    const { port } = await serve({ socketsPerAddress: 5 });
    const five = await Promise.all(Array.from({ length: 5 }, () => dial(port)));
    const sixth = await dial(port);
    await ended(sixth);
    expect(five.some((socket) => socket.destroyed)).toBe(false);
    const gone = ended(five[0] as Socket);
    five[0]?.end();
    await gone;
    const next = await dial(port);
    next.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
    const [answer] = await once(next, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('a trusted proxy speaks for many, and is cut off by no share of one', async () => {
    for (const proxies of [['127.0.0.1'], ['10.0.0.0/8', '127.0.0.0/8']]) {
      const { port } = await serve({ socketsPerAddress: 5 }, proxies);
      const many = await Promise.all(Array.from({ length: 20 }, () => dial(port)));
      for (const socket of many) socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
      const answers = await Promise.all(many.map((socket) => once(socket, 'data')));
      expect(answers.every(([answer]) => /^HTTP\/1\.1 200 /.test(String(answer)))).toBe(true);
    }
    const { port } = await serve({ socketsPerAddress: 5 }, ['10.0.0.0/8']);
    await Promise.all(Array.from({ length: 5 }, () => dial(port)));
    await ended(await dial(port));
  });
});

test('what cannot be parsed as HTTP gets a 400 and nothing else', async () => {
  const { port } = await serve();
  const socket = await dial(port);
  socket.write('601155999123\r\n\r\n');
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1\.1 400 /);
  expect(String(answer)).not.toContain('601155999123');
});
