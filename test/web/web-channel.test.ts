import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { WebSecretTooShort } from '../../adapters/web/errors.js';
import { createSessions } from '../../adapters/web/verify.js';
import { ChannelUnreachable } from '../../bot/channel.js';
import type { Localized } from '../../bot/i18n/localized.js';
import type { Message } from '../../bot/message/message.js';
import { type House, openHouse, post, visit } from './house.js';

const say = (text: string) => text as Localized;
const hello: Message = {
  language: 'en',
  direction: 'ltr',
  blocks: [{ type: 'text', text: say('100 MB of 1 GB left') }],
  actions: [{ token: 'a1', label: say('See offers'), style: 'primary' }],
};

describe('the web channel', () => {
  let house: House;

  beforeEach(async () => {
    house = await openHouse();
  });

  afterEach(async () => {
    await house.stop();
  });

  const send = (conversationId: string, id: string, message = hello) =>
    house.channel.send({ id, conversationId, address: '', message });

  describe('opening a session', () => {
    test('gives a token and a cookie that only this conversation sees', async () => {
      const { status, body, headers } = await post(`${house.url}/web/sessions`, { subscriber: 'daniel~x7k2' });
      expect(status).toBe(201);
      expect(body).toMatchObject({
        conversation: 'web.daniel~x7k2',
        subscriber: 'daniel~x7k2',
        token: expect.any(String),
      });
      expect(headers.get('set-cookie')).toMatch(
        /^refill_web=[^;]+; Path=\/web\/web\.daniel~x7k2;.*HttpOnly; SameSite=Strict$/,
      );
    });

    test.each([
      [{ subscriber: 'nobody' }, 404, 'unknown-persona'],
      [{ subscriber: '../daniel' }, 400, 'bad-request'],
      [{ subscriber: 7 }, 400, 'bad-request'],
      ['{"subscriber":', 400, 'bad-json'],
      ['[]', 400, 'bad-request'],
    ])('%j is refused with %d', async (body, status, code) => {
      expect(await post(`${house.url}/web/sessions`, body)).toMatchObject({ status, body: { code } });
    });

    test('lists the personas', async () => {
      const personas = await fetch(`${house.url}/web/personas`).then((response) => response.json());
      expect(personas).toEqual([expect.objectContaining({ id: 'daniel', currency: 'MYR' })]);
    });
  });

  describe('what the subscriber says', () => {
    test('becomes an event of their conversation', async () => {
      const daniel = await visit(house);
      expect(await daniel.say({ id: 'm-1', text: 'balance 🙂' })).toMatchObject({
        status: 202,
        body: { status: 'accepted' },
      });
      await daniel.say({ id: 'm-2', press: 'a1', label: 'See offers' });
      await daniel.say({ id: 'm-3', hello: true });
      const from = {
        channel: 'web',
        workspace: '',
        user: 'daniel',
        address: '',
        locale: 'en',
        timezone: 'Asia/Kuala_Lumpur',
      };
      const head = { at: house.now, conversationId: 'web.daniel', from };
      expect(house.delivered).toEqual([
        { ...head, id: 'm-1', kind: 'text', text: 'balance 🙂' },
        { ...head, id: 'm-2', kind: 'press', token: 'a1' },
        { ...head, id: 'm-3', kind: 'hello' },
      ]);
    });

    test('said twice with one id is reported as a duplicate and shown once', async () => {
      const daniel = await visit(house);
      await daniel.say({ id: 'm-1', text: 'balance' });
      expect(await daniel.say({ id: 'm-1', text: 'balance' })).toMatchObject({
        status: 202,
        body: { status: 'duplicate' },
      });
      const stream = await daniel.open();
      await send(daniel.conversation, 'after');
      expect((await stream.until(2)).map(({ event }) => event)).toEqual(['mine', 'message']);
    });

    test('is not accepted when the mailbox did not take it', async () => {
      const daniel = await visit(house);
      house.deliver = () => Promise.reject(new Error('the mailbox is away'));
      expect((await daniel.say({ id: 'm-1', text: 'balance' })).status).toBe(503);
    });

    test.each([
      [{ id: 'm-1' }, 'body'],
      [{ id: 'm-1', text: '' }, 'text'],
      [{ id: 'm-1', text: 7 }, 'text'],
      [{ id: 'm-1', text: 'x'.repeat(20_001) }, 'text'],
      [{ id: 'm 1', text: 'hi' }, 'id'],
      [{ id: 'x'.repeat(101), text: 'hi' }, 'id'],
      [{ text: 'hi' }, 'id'],
      [{ id: 'm-1', press: 'x'.repeat(301) }, 'press'],
      [{ id: 'm-1', hello: 'yes' }, 'hello'],
      [{ id: 'm-1', text: 'hi', admin: true }, 'admin'],
      [null, 'body'],
    ])('%j is refused, naming %s', async (body, field) => {
      const daniel = await visit(house);
      expect(await daniel.say(body)).toMatchObject({ status: 400, body: { code: 'bad-request', field } });
      expect(house.delivered).toEqual([]);
    });

    test('needs a session of this very conversation', async () => {
      const daniel = await visit(house);
      const other = await visit(house, 'daniel~copy');
      const messages = `${house.url}/web/${daniel.conversation}/messages`;
      const tampered = daniel.token.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A'));
      for (const token of [undefined, other.token, tampered, `${daniel.token}.x`, 'x.y', daniel.token.split('.')[0]]) {
        expect(await post(messages, { id: 'm-1', text: 'hi' }, token)).toMatchObject({
          status: 401,
          body: { code: 'no-session' },
        });
      }
      expect(house.delivered).toEqual([]);
    });

    test('is taken with the cookie alone, as a browser sends it', async () => {
      const daniel = await visit(house);
      const response = await fetch(`${house.url}/web/${daniel.conversation}/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', cookie: `other=1; ${daniel.cookie.split(';')[0]}` },
        body: JSON.stringify({ id: 'm-1', text: 'hi' }),
      });
      expect(response.status).toBe(202);
    });

    test('is refused a week later', async () => {
      const daniel = await visit(house);
      house.now += 7 * 24 * 3_600_000;
      expect((await daniel.say({ id: 'm-1', text: 'hi' })).status).toBe(401);
    });
  });

  describe('the event stream', () => {
    test('replays what was said on both sides, then goes on live', async () => {
      const daniel = await visit(house);
      await daniel.say({ id: 'm-1', text: 'balance' });
      await send(daniel.conversation, 'out-1');
      const stream = await daniel.open();
      await stream.until(2);
      await send(daniel.conversation, 'out-2');
      const events = await stream.until(3);
      expect(events.map(({ event, data }) => [event, data['id']])).toEqual([
        ['mine', 'm-1'],
        ['message', 'out-1'],
        ['message', 'out-2'],
      ]);
      expect(events[0]?.data).toEqual({ id: 'm-1', at: house.now, text: 'balance' });
      expect(events[1]?.data).toEqual({ id: 'out-1', at: house.now, ...hello });
      stream.close();
    });

    test('shows a message sent twice with one id once', async () => {
      const daniel = await visit(house);
      const stream = await daniel.open();
      await Promise.all(Array.from({ length: 20 }, () => send(daniel.conversation, 'out-1')));
      await send(daniel.conversation, 'out-2');
      expect((await stream.until(2)).map(({ data }) => data['id'])).toEqual(['out-1', 'out-2']);
    });

    test.each(['lastEventId', 'after'] as const)('goes on after the last event seen (%s)', async (how) => {
      const daniel = await visit(house);
      for (const id of ['out-1', 'out-2', 'out-3']) await send(daniel.conversation, id);
      const first = await daniel.open();
      const [, second] = await first.until(3);
      first.close();
      const again = await daniel.open({ [how]: second?.id ?? '' });
      expect((await again.until(1)).map(({ data }) => data['id'])).toEqual(['out-3']);
    });

    test('treats a Last-Event-ID that is not ours as none', async () => {
      const daniel = await visit(house);
      await send(daniel.conversation, 'out-1');
      const stream = await daniel.open({ lastEventId: "nonsense' or 1=1" });
      expect((await stream.until(1))[0]?.data['id']).toBe('out-1');
    });

    test('carries typing and read ticks to those who watch, and keeps neither', async () => {
      const daniel = await visit(house);
      const stream = await daniel.open();
      await send(daniel.conversation, 'out-1');
      await stream.until(1);
      await house.channel.typing(daniel.conversation, '');
      await house.channel.taken(daniel.conversation, 'm-1');
      const events = await stream.until(3);
      expect(events.slice(1)).toEqual([
        { event: 'typing', data: { on: true } },
        { event: 'taken', data: { id: 'm-1' } },
      ]);
      const later = await daniel.open();
      await send(daniel.conversation, 'out-2');
      expect((await later.until(2)).map(({ event }) => event)).toEqual(['message', 'message']);
    });

    test('feeds every open page of the process from one Redis connection, each its own conversation', async () => {
      const [daniel, copy] = [await visit(house), await visit(house, 'daniel~copy')];
      const streams = [await daniel.open(), await daniel.open(), await copy.open()];
      await send(daniel.conversation, 'for-daniel');
      await send(copy.conversation, 'for-copy');
      await Promise.all(streams.map((stream) => stream.until(1)));
      expect(streams.map(({ events }) => events.map(({ data }) => data['id']))).toEqual([
        ['for-daniel'],
        ['for-daniel'],
        ['for-copy'],
      ]);
      expect(house.subscribers).toHaveLength(1);
    });

    test('loses nothing and keeps the order while messages pour in as pages open', async () => {
      const daniel = await visit(house);
      const ids = Array.from({ length: 50 }, (_, index) => `out-${index}`);
      const streams: Awaited<ReturnType<typeof daniel.open>>[] = [];
      const pouring = (async () => {
        for (const id of ids) await send(daniel.conversation, id);
      })();
      for (let page = 0; page < 10; page++) streams.push(await daniel.open());
      await pouring;
      for (const stream of streams) {
        expect((await stream.until(ids.length)).map(({ data }) => data['id'])).toEqual(ids);
      }
    });

    test('catches up by itself after its Redis connection broke', async () => {
      const daniel = await visit(house);
      const stream = await daniel.open();
      await send(daniel.conversation, 'out-1');
      await stream.until(1);
      house.subscribers[0]?.stream.destroy();
      await send(daniel.conversation, 'out-2');
      expect((await stream.until(2)).map(({ data }) => data['id'])).toEqual(['out-1', 'out-2']);
    });

    test('ends when the server stops', async () => {
      const daniel = await visit(house);
      const stream = await daniel.open();
      await house.http.close();
      await stream.ended;
    });

    test('refuses the twenty-first page of one conversation with 503', async () => {
      const daniel = await visit(house);
      const streams = [];
      for (let page = 0; page < 20; page++) streams.push(await daniel.open());
      await expect(daniel.open()).rejects.toThrow('503');
      streams[0]?.close();
      await expect(eventually(() => daniel.open())).resolves.toBeDefined();
    });

    test('needs a session', async () => {
      const response = await fetch(`${house.url}/web/web.daniel/events`);
      expect(response.status).toBe(401);
    });
  });

  describe('what it keeps', () => {
    test('is sealed, bounded, under one Cluster slot, and gone after an hour', async () => {
      const daniel = await visit(house);
      await daniel.say({ id: 'm-1', text: 'my number is 0123456789' });
      for (let index = 0; index < 70; index++) await send(daniel.conversation, `out-${index}`);
      const keys = (await house.redis.keys(`${house.prefix}*`)).sort();
      expect(keys).toEqual(['ids', 'log'].map((part) => `${house.prefix}web:{web.daniel}:${part}`));
      expect(await house.redis.xlen(keys[1] ?? '')).toBe(60);
      for (const key of keys) expect(await house.redis.ttl(key)).toBeGreaterThan(3500);
      expect(JSON.stringify(await house.redis.xrange(keys[1] ?? '', '-', '+'))).not.toContain('MB of');
    });

    test('still knows an id whose message was trimmed', async () => {
      const daniel = await visit(house);
      for (let index = 0; index < 70; index++) await send(daniel.conversation, `out-${index}`);
      await send(daniel.conversation, 'out-0');
      const stream = await daniel.open();
      expect((await stream.until(60)).at(-1)?.data['id']).toBe('out-69');
    });
  });

  test('a message Redis did not take is reported as unreachable', async () => {
    await house.redis.quit();
    await expect(send('web.daniel', 'out-1')).rejects.toBeInstanceOf(ChannelUnreachable);
  });

  test('a stream Redis cannot feed is refused at once', async () => {
    const daniel = await visit(house);
    await house.redis.quit();
    await expect(daniel.open()).rejects.toThrow('503');
  });
});

test('a channel without a proper secret does not start', () => {
  expect(() => createSessions('')).toThrow(WebSecretTooShort);
  expect(() => createSessions('guessable')).toThrow(WebSecretTooShort);
});

async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 0; tries < 50; tries++) {
    try {
      return await attempt();
    } catch {
      await new Promise((done) => setTimeout(done, 20));
    }
  }
  return attempt();
}
