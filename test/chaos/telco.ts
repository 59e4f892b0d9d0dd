import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { startSandbox } from '../../sandbox/index.js';

/**
 * The telco of a run, in a process of its own that nobody kills: its charge log is the truth. In front of the sandbox stands
 * a door that writes down every order that came in, whatever was answered. Argument: `TelcoOrders` as JSON.
 */
export interface TelcoOrders {
  readonly port: number;
  readonly deduplicate: boolean;
  /** Where callbacks go. */
  readonly refillUrl: string;
  readonly journal: string;
}

const { port, deduplicate, refillUrl, journal } = JSON.parse(process.argv[2] ?? '{}') as TelcoOrders;
const agent = new Agent({ keepAlive: true });

const sandbox = await startSandbox({
  clientId: 'refill',
  clientSecret: 'chaos',
  deduplicate,
  // A repeated order is not refused for being early: only the transaction id tells it apart.
  samePlanSeconds: 0,
  callbackDelayMs: 400,
  callbackRetryMs: 400,
  refill: { baseUrl: refillUrl },
});

const door = createServer((incoming, answer) => {
  pass(incoming, answer).catch(() => answer.destroy());
});
door.listen(port, '127.0.0.1');
await once(door, 'listening');
process.on('disconnect', () => process.exit(0));
process.send?.('ready');

async function pass(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const order = /\/purchasePlan(\?|$)/.test(incoming.url ?? '') ? transactionOf(body) : undefined;
  const onward = request(sandbox.url + incoming.url, {
    method: incoming.method ?? 'GET',
    headers: { ...incoming.headers, 'content-length': body.length },
    agent: order === undefined ? agent : false,
  });
  // Gone without an answer: the sandbox was told to drop it, before or after it charged.
  onward.on('error', () => {
    if (order !== undefined) note(order, 0);
    answer.destroy();
  });
  onward.on('response', (response) => {
    if (order !== undefined) note(order, response.statusCode ?? 0);
    answer.writeHead(response.statusCode ?? 502, response.headers);
    response.on('error', () => answer.destroy()).pipe(answer);
  });
  onward.end(body);
}

function transactionOf(body: Buffer): string | undefined {
  try {
    return (JSON.parse(body.toString()) as { transid?: string }).transid;
  } catch {
    return undefined;
  }
}

function note(transaction: string, status: number): void {
  appendFileSync(journal, `${JSON.stringify({ at: Date.now(), kind: 'post', transaction, status })}\n`);
}
