import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from '@jest/globals';
import { createLog } from '../../bot/log.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { actionOf, type WebClient } from '../support/web-client.js';
import { until } from '../workers/workplace.js';

test('an order under way when Refill is told to stop is finished, and none is begun, however slow a request and the telco are', async () => {
  const logged: string[] = [];
  const log = createLog('info', { write: (line) => void logged.push(line) });
  const app = await startTestApp({}, log);
  const [first, second] = [await app.subscriber('daniel'), await app.subscriber('daniel')];
  const [firstPress, secondPress] = [await confirmationOf(first), await confirmationOf(second)];
  app.sandbox.addFault({ kind: 'latency', operation: 'purchasePlan', subscriberId: first.id, latencyMs: 3000 });
  app.sandbox.addFault({ kind: 'latency', operation: 'upsellOffer', subscriberId: second.id, latencyMs: 1000 });
  app.sandbox.nextPurchase(first.id, { mode: 'completed' });
  await Promise.all([first.post({ press: firstPress }), second.post({ press: secondPress })]);
  // The first order is with the telco, and the turn that makes the second asks it for the price once more.
  await until(async () => app.sandbox.faults().length === 0);
  const body = await halfBody(app);
  const said = (words: string) => logged.filter((line) => line.includes(words));
  const turnsOfSecond = () => said('"msg":"turn"').filter((line) => line.includes(second.conversation));
  const before = turnsOfSecond().length;

  const stopped = app.close();
  await until(async () => said('"event":"completed"').length > 0);
  body.destroy();
  await stopped;

  expect(turnsOfSecond()).toHaveLength(before + 1);
  expect(said('purchase submitted')).toEqual([expect.stringContaining('"event":"completed"')]);
  expect(app.sandbox.charges().map(({ subscriberId }) => subscriberId)).toEqual([first.id]);
  expect(said('did not stop')).toEqual([]);
}, 60_000);

/** What a subscriber presses to buy the first offer. */
async function confirmationOf(subscriber: WebClient): Promise<string> {
  await subscriber.hello();
  const detail = await subscriber.press(await subscriber.say('offers'), /Weekly Internet 5 GB/);
  return actionOf(await subscriber.press(detail, /^Buy/), /^Pay/).token;
}

/** A request that the server has begun to take, and whose body does not come. */
async function halfBody({ url }: TestApp) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  const head = 'POST /web/sessions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
  socket.write(`${head}expect: 100-continue\r\ncontent-length: 99\r\n\r\n`);
  await once(socket, 'data');
  return socket;
}
