import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { PERSONAS, type SandboxEvent, SandboxMisuse } from '../../sandbox/index.js';
import { RefillDouble, send, startWorld, type World } from './support.js';

let events: SandboxEvent[];
let world: World;

beforeEach(async () => {
  events = [];
  world = await startWorld({ onEvent: (event) => events.push(event) });
});

afterEach(() => world.sandbox.close());

/** A control request, without a token. */
function control(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const url = `${world.sandbox.url}/_sandbox/${path}`;
  if (body === undefined) return send(url, { method, headers });
  const typed = { 'content-type': 'application/json', ...headers };
  return send(url, { method, headers: typed, body: JSON.stringify(body) });
}

describe('clones', () => {
  test('are the persona anew, with a number of their own in the same country', () => {
    const clone = world.sandbox.ensure('amina~x1');
    const amina = world.sandbox.ensure('amina');
    expect(clone).toMatchObject({ money: amina.money, operator: 'tp', state: 'need-offers' });
    expect(clone.msisdn).toMatch(/^923555\d{6}$/);
    expect(clone.msisdn).not.toBe(amina.msisdn);
  });

  test('live their own lives', async () => {
    for (const id of ['daniel~a', 'daniel~b']) world.sandbox.ensure(id);
    await world.sandbox.topUp('daniel~a', '1.00');
    await world.sandbox.burn('daniel~b', { share: 1 });
    const lives = ['daniel', 'daniel~a', 'daniel~b'].map((id) => world.sandbox.subscriber(id));
    expect(lives.map((life) => life?.money)).toEqual(['25.00', '26.00', '25.00']);
    expect(lives.map((life) => life?.plans[0]?.gauges[0]?.remaining === '0')).toEqual([false, false, true]);
  });

  test('have the same number in every sandbox', async () => {
    const other = await startWorld();
    try {
      expect(other.sandbox.ensure('kavya~visitor42').msisdn).toBe(world.sandbox.ensure('kavya~visitor42').msisdn);
    } finally {
      await other.sandbox.close();
    }
  });

  test('never share a number', () => {
    const numbers = Array.from({ length: 5000 }, (_, n) => world.sandbox.ensure(`daniel~${n.toString(36)}`).msisdn);
    expect(new Set([...numbers, ...PERSONAS.map(({ msisdn }) => msisdn)]).size).toBe(5000 + PERSONAS.length);
  });

  test.each([
    '',
    'nobody',
    'nobody~1',
    'daniel~',
    'daniel~UP',
    'daniel~a~b',
    'daniel~12345678901234567',
    '__proto__',
    '../x',
  ])('of "%s" are refused', (id) => {
    expect(() => world.sandbox.ensure(id)).toThrow(SandboxMisuse);
    expect(world.sandbox.subscriber(id)).toBeUndefined();
  });

  test('that were never made cannot be changed', () => {
    expect(() => world.sandbox.setRoaming('daniel~new', true)).toThrow(SandboxMisuse);
    expect(() => world.sandbox.topUp('daniel~new', '1')).toThrow(SandboxMisuse);
  });
});

test('every number is E.164 and every zone, currency and language is one that Intl knows', () => {
  for (const { msisdn, timezone, currency, locale } of PERSONAS) {
    expect(msisdn).toMatch(/^[1-9]\d{7,14}$/);
    expect(() => new Intl.NumberFormat(locale, { style: 'currency', currency })).not.toThrow();
    expect(() => new Intl.DateTimeFormat(locale, { timeZone: timezone })).not.toThrow();
  }
  expect(PERSONAS[0]?.id).toBe('daniel');
  expect(new Set(PERSONAS.map(({ msisdn }) => msisdn)).size).toBe(PERSONAS.length);
});

describe('the control routes do what the methods do', () => {
  test('personas, and a subscriber made and read', async () => {
    expect((await control('GET', 'personas')).body).toEqual(world.sandbox.personas);
    const made = await control('POST', 'subscribers', { id: 'lucia~web' });
    expect(made.body).toEqual(world.sandbox.subscriber('lucia~web'));
    expect((await control('GET', 'subscribers/lucia~web')).body).toEqual(made.body);
  });

  test('burn, top up, roaming, opt-out', async () => {
    expect((await control('POST', 'subscribers/daniel/burn', { share: 1 })).body).toEqual({ pushed: [] });
    expect((await control('POST', 'subscribers/daniel/top-up', { amount: '10' })).body).toEqual({ pushed: [] });
    expect((await control('POST', 'subscribers/daniel/roaming', { on: true })).status).toBe(204);
    expect((await control('POST', 'subscribers/daniel/opt-out', { on: true })).status).toBe(204);
    expect(world.sandbox.subscriber('daniel')).toMatchObject({ money: '35.00', roaming: true, optedOut: true });
    expect((await world.buy('daniel', 'MY-DATA-1D-1GB')).body.cause).toBe('USER_ROAMING');
  });

  test('how the next purchase goes, once', async () => {
    await control('POST', 'subscribers/daniel/next-purchase', { mode: 'completed' });
    expect(world.sandbox.subscriber('daniel')?.nextPurchase).toEqual({ mode: 'completed', callback: 'once' });
    expect((await world.buy('daniel', 'MY-DATA-1D-1GB')).status).toBe(200);
    expect((await world.buy('daniel', 'MY-VIDEO-7D-10GB')).status).toBe(202);
  });

  test('a notification, with Refill’s answer', async () => {
    const refill = await RefillDouble.start();
    world.sandbox.connect({ baseUrl: refill.url });
    refill.statuses = [429];
    try {
      const reply = await control('POST', 'subscribers/daniel/notify', { type: 'low-data' });
      expect(reply.body).toEqual({ type: 'low-data', status: 429 });
    } finally {
      await refill.close();
    }
  });

  test('faults, charges and a reset', async () => {
    expect((await control('POST', 'faults', { kind: '429', operation: 'balance' })).status).toBe(204);
    expect((await control('GET', 'faults')).body).toMatchObject([{ kind: '429', times: 1, left: 1 }]);
    await control('DELETE', 'faults');
    expect((await world.get('daniel', 'balance')).status).toBe(200);
    world.sandbox.nextPurchase('daniel', { mode: 'completed' });
    await world.buy('daniel', 'MY-DATA-1D-1GB');
    expect((await control('GET', 'charges')).body).toMatchObject([{ subscriberId: 'daniel', amount: '2.00' }]);
    const { msisdn } = world.sandbox.ensure('daniel~kept');
    await control('POST', 'reset');
    expect((await control('GET', 'charges')).body).toEqual([]);
    expect(world.sandbox.subscriber('daniel')).toMatchObject({ money: '25.00', state: 'need-offers' });
    expect(world.sandbox.subscriber('daniel~kept')?.msisdn).toBe(msisdn);
  });
});

describe('bad control requests say what is wrong', () => {
  test.each([
    ['POST', 'subscribers/daniel/burn', { share: 2 }, 400, 'share'],
    ['POST', 'subscribers/daniel/burn', { bytes: 5 }, 400, 'bytes'],
    ['POST', 'subscribers/daniel/burn', {}, 400, 'either bytes or share'],
    ['POST', 'subscribers/daniel/top-up', { amount: '-5' }, 400, 'amount'],
    ['POST', 'subscribers/daniel/top-up', { amount: '0.00' }, 400, 'more than nothing'],
    ['POST', 'subscribers/daniel/notify', { type: 'rain' }, 400, 'type'],
    ['POST', 'subscribers/daniel/next-purchase', { callback: 'maybe' }, 400, 'callback'],
    ['POST', 'faults', { kind: 'flood' }, 400, 'kind'],
    ['POST', 'subscribers', { id: 'nobody' }, 400, 'persona'],
    ['GET', 'subscribers/daniel~gone', undefined, 404, 'no such subscriber'],
    ['POST', 'subscribers/daniel~gone/roaming', { on: true }, 404, 'no such subscriber'],
    ['GET', 'subscribers/daniel/burn', undefined, 404, 'no such control'],
    ['GET', 'subscribers/%E0%A4%A', undefined, 400, 'encoded'],
  ])('%s %s %j', async (method, path, body, status, words) => {
    const reply = await control(method, path, body);
    expect(reply.status).toBe(status);
    expect(reply.body).toEqual({ error: expect.stringContaining(words) });
  });

  test('a body that a web page could send unasked is refused', async () => {
    const reply = await control('POST', 'faults', { kind: '429' }, { 'content-type': 'text/plain' });
    expect(reply.status).toBe(400);
    expect(world.sandbox.faults()).toEqual([]);
  });

  test('a name that only points at this machine does not open the controls', async () => {
    const { port } = new URL(world.sandbox.url);
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.on('data', (data) => {
        resolve(String(data));
        socket.destroy();
      });
      socket.write('GET /_sandbox/personas HTTP/1.1\r\nHost: evil.example\r\n\r\n');
    });
    expect(answer).toMatch(/^HTTP\/1.1 404/);
  });
});

test('the live log tells what happened, and never a number or a token', async () => {
  const refill = await RefillDouble.start();
  world.sandbox.connect({ baseUrl: refill.url });
  await world.get('daniel', 'balance');
  await world.buy('daniel', 'MY-DATA-1D-1GB');
  await refill.waitFor(1);
  await world.sandbox.notify('daniel', { type: 'low-data' });
  await world.sandbox.topUp('daniel', '1.00');
  await refill.close();
  expect(new Set(events.map(({ kind }) => kind))).toEqual(
    new Set(['call', 'charge', 'callback', 'notification', 'control']),
  );
  expect(events.map(({ title }) => title)).toEqual(
    expect.arrayContaining([
      'balance → 200',
      'purchasePlan → 202',
      '2.00 MYR, MY-DATA-1D-1GB',
      'success → 200',
      'low-data → 200',
    ]),
  );
  const log = JSON.stringify(events);
  expect(log).not.toContain(world.sandbox.ensure('daniel').msisdn);
  expect(log).not.toContain(world.token);
});
