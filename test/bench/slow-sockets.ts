import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { createHttp } from '../../bot/http.js';
import { readJsonBody } from '../../bot/json.js';
import { createMetrics } from '../../bot/metrics.js';

/*
 * What 500 slow sockets do to everybody else: `node --import tsx test/bench/slow-sockets.ts`. Refill's HTTP server with its own
 * limits, in a process of its own; ordinary requests at an even pace, in stretches without and with the sockets by turns, so that
 * whatever else the machine does falls on both. One that is cut (10 s, 15 s) is opened again at once. Prints p50, p99 and the server's processor time per request, and their ratios.
 */

const SOCKETS = 500;
const PAIRS = Number(process.env['PAIRS'] ?? 12);
/** After the sockets are open, so that opening them is not measured. */
const SETTLE_MS = 1_000;
const STRETCH_MS = 3_000;
/** 200 a second. */
const EVERY_MS = 5;
/** Each sends a byte about so often, which resets none of the server's clocks. */
const DRIP_MS = 1_000;

/** After the connection; in the address; in a header; in the body. All but the first may go on with any letter. */
const HALF_HEADERS = 'POST /take HTTP/1.1\r\nhost: x\r\nx-';
const KINDS = [
  '',
  'POST /take',
  HALF_HEADERS,
  `${HALF_HEADERS}x: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{`,
];

if (process.argv[2] === 'serve') await serve();
else await measure();

async function serve(): Promise<void> {
  const http = createHttp({
    log: pino({ level: 'silent' }),
    metrics: createMetrics(),
    ready: async () => undefined,
  });
  http.post('/take', async ({ body }) => ({ took: typeof readJsonBody(body) }));
  await http.listen({ host: '127.0.0.1', port: 0 });
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.((user + system) / 1000);
  });
  process.send?.((http.server.address() as AddressInfo).port);
}

async function measure(): Promise<void> {
  const server = fork(fileURLToPath(import.meta.url), ['serve']);
  const [port] = (await once(server, 'message')) as [number];
  const agent = new Agent({ keepAlive: true, maxSockets: 50 });
  await stretch(port, agent);
  /** One stretch, and what the server worked for it, in ms. */
  const measured = async (): Promise<Stretch> => {
    const before = await workOf(server);
    const times = await stretch(port, agent);
    return { times, work: (await workOf(server)) - before };
  };
  const without: Stretch[] = [];
  const beside: Stretch[] = [];
  let reopened = 0;
  for (let pair = 0; pair < PAIRS; pair++) {
    without.push(await measured());
    const slow = await openSlow(port);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    beside.push(await measured());
    reopened += slow.close();
  }
  agent.destroy();
  server.kill();
  print(without, beside, reopened);
}

interface Stretch {
  /** Of each request. */
  readonly times: readonly number[];
  /** Processor time of the server. */
  readonly work: number;
}

async function workOf(server: ChildProcess): Promise<number> {
  server.send('work?');
  const [ms] = (await once(server, 'message')) as [number];
  return ms;
}

/** The times of requests that were due at an even pace, in ms: from when each was due, so that a pause shows in all it held up. */
async function stretch(port: number, agent: Agent): Promise<number[]> {
  const times: Promise<number>[] = [];
  const started = performance.now();
  for (let due = started; due < started + STRETCH_MS; due += EVERY_MS) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    times.push(ask(port, agent).then(() => performance.now() - due));
  }
  return Promise.all(times);
}

function ask(port: number, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': 7 };
    const asked = request({ host: '127.0.0.1', port, agent, method: 'POST', path: '/take', headers }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`answered ${answer.statusCode}`));
      answer.resume().once('end', resolve);
    });
    asked.once('error', reject).end('{"a":1}');
  });
}

/** Opens them, keeps every one open and dripping until it is closed; says then how many had to be opened again. */
async function openSlow(port: number): Promise<{ close(): number }> {
  const sockets = new Map<Socket, number>();
  let reopened = 0;
  let closing = false;
  const open = (kind: number) =>
    new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.write(KINDS[kind] ?? '');
        resolve();
      });
      sockets.set(socket, kind);
      socket.on('error', () => undefined).resume();
      socket.once('close', () => {
        sockets.delete(socket);
        if (closing) return;
        reopened++;
        void open(kind);
      });
    });
  await Promise.all(Array.from({ length: SOCKETS }, (_, index) => open(index % KINDS.length)));
  const drip = setInterval(() => {
    for (const [socket, kind] of sockets) if (kind > 0 && socket.writable) socket.write('a');
  }, DRIP_MS);
  return {
    close() {
      closing = true;
      clearInterval(drip);
      for (const socket of sockets.keys()) socket.destroy();
      return reopened;
    },
  };
}

/** Of all stretches the median, so that one in which the machine was busy elsewhere does not decide. */
function print(without: readonly Stretch[], beside: readonly Stretch[], reopened: number): void {
  const line = (name: string, of: (stretch: Stretch) => number) => {
    const [alone = 0, together = 0] = [without, beside].map((stretches) => quantile(stretches.map(of), 0.5));
    return `${name}   ${alone.toFixed(2)} ms without   ${together.toFixed(2)} ms with   × ${(together / alone).toFixed(2)}\n`;
  };
  const count = (stretches: readonly Stretch[]) => stretches.reduce((sum, { times }) => sum + times.length, 0);
  process.stdout.write(
    `${count(without)} requests without, ${count(beside)} with ${SOCKETS} slow sockets (${reopened} opened again)\n` +
      line('p50 ', ({ times }) => quantile(times, 0.5)) +
      line('p99 ', ({ times }) => quantile(times, 0.99)) +
      line('work', ({ times, work }) => work / times.length),
  );
}

function quantile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
