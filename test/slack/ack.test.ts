import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { afterEach, expect, test } from '@jest/globals';
import { carryForm, FORM_ACTION } from '../../adapters/slack/form.js';
import type { SlackChannelOptions } from '../../adapters/slack/index.js';
import type { Form } from '../../bot/message/message.js';
import { asInteraction, DM, type House, message, openHouse, payload } from './house.js';

/** "Acknowledged within three seconds" holds whatever Slack's own API does while a form is to be opened. */

let house: House;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  await house.stop();
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

const form = {
  token: 'top-up~AbCd12~form',
  title: 'Top up',
  open: 'Enter the code',
  submit: 'Top up',
  fields: [{ name: 'voucher', kind: 'text', label: 'Code on the card' }],
} as unknown as Form;

async function pressForm(): Promise<void> {
  const press = payload('block-actions', (body) =>
    Object.assign(body.actions[0], { block_id: 'reply.1~', action_id: FORM_ACTION, value: carryForm(form) }),
  );
  expect((await house.post(asInteraction(press))).status).toBe(200);
  expect(house.debugged).toEqual([expect.stringContaining('a form did not open')]);
}

async function open(options: Partial<SlackChannelOptions> = {}): Promise<void> {
  house = await openHouse(options);
}

/** Sends that are under way; `settled` counts those that came to an end. */
function sends(count: number): { readonly settled: number } {
  const state = { settled: 0 };
  for (let user = 0; user < count; user++) {
    house
      .send({ ...DM, c: `D${user}` }, message())
      .catch(() => undefined)
      .finally(() => {
        state.settled += 1;
      });
  }
  return state;
}

test.each(['answer', 'body'] as const)('Slack takes the form, and its %s never ends', async (hang) => {
  await open();
  house.slack.fail({ hang });
  await pressForm();
  expect(house.slack.calls).toEqual([]);
});

test('every connection is taken by messages that Slack does not answer', async () => {
  await open();
  house.slack.fail(...Array.from({ length: 64 }, () => ({ hang: 'answer' as const })));
  const before = sends(64);
  while (house.slack.hanging < 64) await new Promise((resolve) => setTimeout(resolve, 5));
  await pressForm();
  expect([before.settled, house.slack.calls]).toEqual([0, []]);
});

test('Slack cannot be connected to, and does not say so', async () => {
  await open({ apiUrl: `http://127.0.0.1:${await deafPort()}/api/` });
  const before = sends(1);
  await pressForm();
  expect(before.settled).toBe(0);
});

test('the store does not say which token it is', async () => {
  await open({
    botToken: '',
    oauth: { clientId: '1.2', clientSecret: 'a secret' },
    installations: {
      save: async () => undefined,
      drop: async () => undefined,
      remove: async () => true,
      find: () => new Promise(() => undefined),
    },
  });
  await pressForm();
  expect(house.slack.calls).toEqual([]);
});

/** A port that listens and whose queue is full: the kernel leaves whoever connects waiting. */
async function deafPort(): Promise<number> {
  const lock = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(
    `const { workerData, parentPort } = require('node:worker_threads');
     const server = require('node:net').createServer();
     server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
       parentPort.postMessage(server.address().port);
       setImmediate(() => Atomics.wait(workerData, 0, 0));
     });`,
    { eval: true, workerData: lock },
  );
  const port = await new Promise<number>((resolve, reject) => worker.once('message', resolve).once('error', reject));
  const queued: Socket[] = [];
  cleanups.push(async () => {
    for (const socket of queued) socket.destroy();
    Atomics.store(lock, 0, 1);
    Atomics.notify(lock, 0);
    await worker.terminate();
  });
  // Full when a connection is still not made although the one before was made long ago.
  for (;;) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    queued.push(socket);
    const made = await Promise.race([
      new Promise<boolean>((resolve) => socket.once('connect', () => resolve(true))),
      new Promise<boolean>((resolve) => setTimeout(resolve, 500, false)),
    ]);
    if (!made) return port;
  }
}
