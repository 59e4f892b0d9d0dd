import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createAgain } from '../../adapters/whatsapp/again.js';
import { reactionTo } from '../../adapters/whatsapp/errors.js';
import { createWhatsAppChannel } from '../../adapters/whatsapp/index.js';
import {
  type Channel,
  ChannelAwaitsUser,
  ChannelBusy,
  ChannelRefused,
  ChannelUnreachable,
  type Outgoing,
} from '../../bot/channel.js';
import type { Localized } from '../../bot/i18n/localized.js';
import type { Message } from '../../bot/message/message.js';
import { createRedisShortLived } from '../../bot/stores/redis-short-lived.js';
import { tempVault } from '../support/stores.js';
import { conversationOf, type House, nudge, openHouse, payload, to, words } from './house.js';
import { postWebhook, SETTINGS, says, webhook } from './whatsapp.js';

const NUMBER = '16505551234';
const HOUR = 3_600_000;

let house: House;
beforeEach(async () => {
  house = await openHouse();
});
afterEach(async () => {
  expect(house.meta.violations).toEqual([]);
  await house.stop();
});

/** The user wrote just now: the window is open. */
async function hears(number = NUMBER): Promise<void> {
  expect(await postWebhook(house.url, says(number, 'hi'))).toBe(200);
}

const send = (message: Message, number = NUMBER, channel: Channel = house.channel) => channel.send(to(number, message));

const rejection = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

/** That long and up to a fifth more: those who were turned away together do not come back together. */
const about = (ms: number) => {
  const asymmetricMatch = (value: unknown) => typeof value === 'number' && value > ms * 0.95 && value <= ms * 1.2 + 1;
  return { asymmetricMatch, toString: () => `about ${ms}` };
};

describe('a reply', () => {
  test('goes to the number as one message, with the token and what to recognise its statuses by', async () => {
    await hears();
    const outgoing = to(NUMBER, words('Hello'));
    await house.channel.send(outgoing);
    expect(house.meta.sent.map(({ body }) => body)).toEqual([
      {
        messaging_product: 'whatsapp',
        recipient_type: 'individual',
        to: NUMBER,
        type: 'text',
        text: { body: 'Hello', preview_url: false },
        biz_opaque_callback_data: outgoing.id,
      },
    ]);
  });

  test('goes to the business-scoped id where there is no number', async () => {
    await postWebhook(house.url, payload('username-only'));
    await send(words('Hello'), 'US.13491208655302741918');
    expect(house.meta.sent[0]?.body).toMatchObject({ recipient: 'US.13491208655302741918' });
    expect(house.meta.sent[0]?.body).not.toHaveProperty('to');
  });

  test('with nothing to say is not sent', async () => {
    await hears();
    await send({ ...words(''), blocks: [] });
    expect(house.meta.attempts).toBe(0);
  });

  test('to an address that is not ours is refused', async () => {
    await hears();
    for (const address of ['', '{}', '{"to":""}', 'null', '{"to":"1","x":1}'])
      await expect(house.channel.send(to(NUMBER, words('x'), { address }))).rejects.toBeInstanceOf(ChannelRefused);
    expect(house.meta.attempts).toBe(0);
  });
});

describe('the 24 hours', () => {
  test('begin with every message, and end free-form messages when they end', async () => {
    await hears();
    house.skew = 24 * HOUR - 60_000;
    await send(words('Still here'));
    await hears();
    house.skew += 24 * HOUR - 60_000;
    await postWebhook(
      house.url,
      says(NUMBER, 'hi', { timestamp: String(Math.floor((Date.now() + house.skew) / 1000)) }),
    );
    await send(words('Still here'));
    house.skew += 24 * HOUR + 60_000;
    await expect(send(words('Too late'))).rejects.toBeInstanceOf(ChannelRefused);
    expect(house.meta.sent).toHaveLength(2);
  });

  test('count from when the user spoke, not from when we heard of it', async () => {
    await postWebhook(house.url, payload('text', 7 * 3600));
    house.skew = 16.9 * HOUR;
    await send(words('In time'));
    house.skew = 17.1 * HOUR;
    await expect(send(words('Too late'))).rejects.toBeInstanceOf(ChannelRefused);
  });

  test('are known to the other processes', async () => {
    await hears();
    await send(words('From another process'), NUMBER, house.another());
    expect(house.meta.sent).toHaveLength(1);
  });

  test('were never begun by someone who never wrote', async () => {
    await expect(send(words('Hello stranger'), '16505550000')).rejects.toBeInstanceOf(ChannelRefused);
    expect(house.meta.attempts).toBe(0);
  });

  test('a nudge inside them says everything; outside it is the template of its name, in its language', async () => {
    await hears();
    await send(nudge('es'));
    expect(house.meta.sent[0]?.type).toBe('text');
    house.skew = 25 * HOUR;
    await send(nudge('es', 'nudge_pack_consumed', 'Súper *10* GB\nextra'));
    expect(house.meta.sent[1]?.body.template).toEqual({
      name: 'nudge_pack_consumed',
      language: { code: 'es' },
      components: [
        { type: 'body', parameters: [{ type: 'text', text: 'Súper ∗10∗ GB extra' }] },
        ...['balance', 'offers', 'nudges.off'].map((payload, index) => ({
          type: 'button',
          sub_type: 'quick_reply',
          index: String(index),
          parameters: [{ type: 'payload', payload }],
        })),
      ],
    });
  });

  test('a template without variables leaves the values out', async () => {
    await send(nudge('ur', 'nudge_low_data', 'سپر 10 GB'), NUMBER);
    expect(house.meta.sent[0]?.body.template).toMatchObject({ name: 'nudge_low_data', language: { code: 'ur' } });
    expect(JSON.stringify(house.meta.sent[0]?.body)).not.toContain('سپر');
  });

  test('a notice nobody made a template for, or with too few values, is refused', async () => {
    await expect(send(nudge('en', 'nudge_of_tomorrow'))).rejects.toBeInstanceOf(ChannelRefused);
    await expect(send(nudge('en', 'purchase_completed', 'Super'))).rejects.toBeInstanceOf(ChannelRefused);
    expect(house.meta.attempts).toBe(0);
  });

  test('when Meta says they are over, the template goes instead, and nothing else is tried as free form', async () => {
    await hears();
    house.meta.fail({ code: 131047, details: 'More than 24 hours have passed' });
    await send(nudge('en', 'purchase_completed', 'Super', 'RM 5.00'));
    expect(house.meta.sent.map(({ type }) => type)).toEqual(['template']);
    await expect(send(words('No'))).rejects.toBeInstanceOf(ChannelRefused);
    await expect(send(words('No'), NUMBER, house.another())).rejects.toBeInstanceOf(ChannelRefused);
    await hears();
    await send(words('Yes'));
  });

  test('a status may say so too', async () => {
    await hears();
    await postWebhook(house.url, payload('status-failed').replaceAll('131049', '131047'));
    await expect(send(words('No'))).rejects.toBeInstanceOf(ChannelRefused);
  });

  test('the process that sends learns it from the one that takes statuses: news goes out as a template', async () => {
    const sender = house.another();
    await hears();
    await send(words('A reply'), NUMBER, sender);
    await postWebhook(house.url, payload('status-failed').replaceAll('131049', '131047'));
    await send(nudge('en', 'purchase_completed', 'Super', 'RM 5'), NUMBER, sender);
    expect(house.meta.sent.map(({ body }) => body.type)).toEqual(['text', 'template']);
  });

  test('what no template says waits for the user, and goes out when they wrote', async () => {
    const news = nudge('en', 'a_name_without_template', 'Super');
    expect(await rejection(send(news))).toBeInstanceOf(ChannelAwaitsUser);
    await hears();
    await send(news);
    expect(house.meta.sent.map(({ body }) => body.type)).toEqual(['text']);
  });
});

describe('what Meta refuses', () => {
  test('at the pair rate: this user waits 4^X seconds, everybody else does not', async () => {
    await hears();
    await hears('16505559999');
    house.meta.fail({ code: 131056 }, { code: 131056 });
    const busy = await rejection(send(words('One')));
    // The first second is slept through; the next wait gives the worker back.
    expect(busy).toBeInstanceOf(ChannelBusy);
    expect(busy).toMatchObject({ retryAfterMs: about(4_000) });
    expect(house.meta.attempts).toBe(2);
    await send(words('Two'), '16505559999');
    expect(await rejection(send(words('One')))).toBeInstanceOf(ChannelBusy);
    expect(house.meta.attempts).toBe(3);
    house.skew = 4_100;
    house.meta.fail({ code: 131056 });
    expect(await rejection(send(words('One')))).toMatchObject({ retryAfterMs: about(16_000) });
    house.skew += 16_100;
    await send(words('One'));
    house.meta.fail({ code: 131056 });
    await send(words('A good turn forgets the past: one second again'));
  });

  test('at the throughput of the number: everybody waits, without asking again', async () => {
    await hears();
    await hears('16505559999');
    house.meta.fail({ code: 130429 }, { code: 130429 });
    expect(await rejection(send(words('One')))).toMatchObject({ retryAfterMs: about(2_000) });
    expect(house.meta.attempts).toBe(2);
    expect(await rejection(send(words('Two'), '16505559999'))).toBeInstanceOf(ChannelBusy);
    expect(house.meta.attempts).toBe(2);
    house.skew = 2_100;
    await send(words('Two'), '16505559999');
  });

  test('many at once at the throughput of the number: one strike, and it goes on after the first wait', async () => {
    const numbers = Array.from({ length: 10 }, (_, index) => `1650555500${index}`);
    for (const number of numbers) await hears(number);
    const meta = house.meta;
    meta.together(10);
    meta.fail(...numbers.map(() => ({ code: 130429 })));
    const sends = await Promise.all(numbers.map((number) => rejection(send(words('One'), number))));
    // Each slept through the one second; nobody was sent away.
    expect(sends).toEqual(numbers.map(() => undefined));
    expect([meta.attempts, meta.sent.length]).toEqual([20, 10]);
  });

  test('many at once at the limit of the app: as long as one would wait', async () => {
    const numbers = Array.from({ length: 10 }, (_, index) => `1650555500${index}`);
    for (const number of numbers) await hears(number);
    house.meta.together(10);
    house.meta.fail(...numbers.map(() => ({ code: 4 })));
    const sends = await Promise.all(numbers.map((number) => rejection(send(words('One'), number))));
    for (const error of sends) expect(error).toMatchObject({ retryAfterMs: about(10_000) });
    expect(new Set(sends.map((error) => (error as ChannelBusy).retryAfterMs)).size).toBeGreaterThan(1);
    house.skew = 10_100;
    for (const number of numbers) await send(words('One'), number);
  });

  test('again and again at the throughput: twice as long each time, and from the start after a quiet minute', async () => {
    await hears();
    const refusedFor = async (ms: number) => {
      house.meta.fail({ code: 4 });
      expect(await rejection(send(words('One')))).toMatchObject({ retryAfterMs: about(ms) });
    };
    await refusedFor(10_000);
    house.skew = 10_100;
    await refusedFor(20_000);
    house.skew += 20_100;
    await refusedFor(40_000);
    house.skew += 40_000 + 60_100;
    await refusedFor(10_000);
  });

  test.each([4, 80007])('at the limit of the app (%d): everybody waits', async (code) => {
    await hears();
    house.meta.fail({ code });
    expect(await rejection(send(words('One')))).toMatchObject({ retryAfterMs: about(10_000) });
    expect(await rejection(send(words('One')))).toBeInstanceOf(ChannelBusy);
    expect(house.meta.attempts).toBe(1);
  });

  test('with Retry-After: as long as it says', async () => {
    await hears();
    house.meta.fail({ status: 429, text: 'slow down', headers: { 'retry-after': '7' } });
    expect(await rejection(send(words('One')))).toMatchObject({ retryAfterMs: about(7_000) });
  });

  test.each([0, 3, 10, 190, 200, 131005])(
    'for its token (%d): one alert, nobody is refused, all wait',
    async (code) => {
      await hears();
      house.meta.fail({ code, status: 401 });
      expect(await rejection(send(words('One')))).toBeInstanceOf(ChannelBusy);
      expect(await rejection(send(words('Two')))).toBeInstanceOf(ChannelBusy);
      expect(house.meta.attempts).toBe(1);
      expect(house.alerts).toEqual([{ code: `WHATSAPP_${code}`, what: expect.any(String) }]);
    },
  );

  test.each([131048, 131064, 131042, 131031, 368])(
    'because the account is in trouble (%d): one alert, replies go on, nudges do not',
    async (code) => {
      await hears();
      house.meta.fail({ code });
      expect(await rejection(send(nudge()))).toBeInstanceOf(ChannelRefused);
      expect(await rejection(send(nudge()))).toBeInstanceOf(ChannelRefused);
      expect(await rejection(send(nudge('en', 'purchase_completed', 'Super', 'RM 5'), '16505550000'))).toBeInstanceOf(
        ChannelRefused,
      );
      expect(house.meta.attempts).toBe(1);
      await send(words('You asked for it'));
      expect(house.alerts).toHaveLength(1);
      house.skew = HOUR + 1_000;
      await send(nudge());
    },
  );

  test.each([131026, 131050, 130403])(
    'because the user cannot be or will not be reached (%d): an opt-out',
    async (code) => {
      await hears();
      house.meta.fail({ code });
      expect(await rejection(send(words('One')))).toBeInstanceOf(ChannelRefused);
      expect(house.meta.attempts).toBe(1);
      expect(house.optOuts).toEqual([{ conversationId: conversationOf(NUMBER), how: `whatsapp:${code}` }]);
    },
  );

  test('because the user had enough marketing (131049): nothing unasked for a day, and nothing is looped', async () => {
    house.meta.fail({ code: 131049 });
    expect(await rejection(send(nudge()))).toBeInstanceOf(ChannelRefused);
    house.skew = 23 * HOUR;
    expect(await rejection(send(nudge()))).toBeInstanceOf(ChannelRefused);
    expect(house.meta.attempts).toBe(1);
    await send(nudge(), '16505550000');
    house.skew = 25 * HOUR;
    await send(nudge());
  });

  test('because the user had enough marketing: what they wait for comes all the same', async () => {
    house.meta.fail({ code: 131049 });
    expect(await rejection(send(nudge()))).toBeInstanceOf(ChannelRefused);
    await send(nudge('en', 'link_code', '123456'));
    await send(nudge('en', 'purchase_completed', 'Super', 'RM 5.00'));
    expect(house.meta.sent.map(({ body }) => body.template.name)).toEqual(['link_code', 'purchase_completed']);
    expect(await rejection(send(nudge()))).toBeInstanceOf(ChannelRefused);
  });

  test.each([131048, 131064, 131042, 131031, 368])(
    'because the account is in trouble (%d): a code is tried, and whether it goes out Meta says',
    async (code) => {
      house.meta.fail({ code }, { code });
      expect(await rejection(send(nudge()))).toBeInstanceOf(ChannelRefused);
      expect(await rejection(send(nudge('en', 'link_code', '123456')))).toBeInstanceOf(ChannelRefused);
      expect([house.meta.attempts, house.alerts.length]).toEqual([2, 1]);
      await send(nudge('en', 'link_code', '123456'));
      expect(house.meta.sent.map(({ body }) => body.template.name)).toEqual(['link_code']);
      expect(await rejection(send(nudge()))).toBeInstanceOf(ChannelRefused);
    },
  );

  test('for an experiment (130472): not sent, and that is all', async () => {
    await hears();
    house.meta.fail({ code: 130472 });
    expect(await rejection(send(words('One')))).toBeInstanceOf(ChannelRefused);
    expect([house.alerts, house.optOuts, house.meta.attempts]).toEqual([[], [], 1]);
  });

  test('a template missing in a language (132001): the next language', async () => {
    house.meta.fail({ code: 132001 });
    await send(nudge('ur', 'nudge_low_data', 'x'));
    expect(house.meta.sent[0]?.body.template.language).toEqual({ code: 'en' });
    expect(house.alerts).toEqual([]);
    await send(nudge('ur', 'nudge_low_data', 'x'), NUMBER, house.another());
    // Known to be missing: not asked for again, by no process.
    expect(house.meta.attempts).toBe(3);
  });

  test.each([132015, 132016])('a paused or disabled template (%d): another one, and an alert', async (code) => {
    house.meta.fail({ code }, { code }, { code });
    expect(await rejection(send(nudge('es', 'nudge_low_data', 'x')))).toBeInstanceOf(ChannelRefused);
    expect(house.meta.attempts).toBe(3);
    expect(house.alerts.length).toBeGreaterThan(0);
    expect(await rejection(send(nudge('en', 'nudge_low_data', 'x')))).toBeInstanceOf(ChannelAwaitsUser);
    expect(house.meta.attempts).toBe(3);
    house.skew = 3 * HOUR + 1_000;
    await send(nudge('en', 'nudge_low_data', 'x'));
  });

  test.each([132000, 132012, 132005, 132068, 132069, 131008, 999999])(
    'a message as it is made (%d): an alert, no retry',
    async (code) => {
      await hears();
      house.meta.fail({ code });
      expect(await rejection(send(words('One')))).toBeInstanceOf(ChannelRefused);
      expect([house.alerts.length, house.meta.attempts]).toEqual([1, 1]);
    },
  );

  test.each([
    [131053, ''],
    [131052, ''],
    [131009, 'The image header could not be downloaded'],
    [100, 'Invalid media link'],
  ])('an image (%d %s): the same without it', async (code, details) => {
    await hears();
    house.meta.fail({ code, details });
    const image = { type: 'image' as const, url: 'https://telco.example/x.png', alt: 'A phone' as Localized };
    const message = words('New!');
    await send({ ...message, blocks: [image, ...message.blocks] });
    expect(house.meta.attempts).toBe(2);
    expect(house.meta.sent[0]?.body.text.body).toBe('A phone\n\nNew!');
  });

  test.each([1, 2, 131000, 131016, 131057, 133004])('for now (%d): tried again later', async (code) => {
    await hears();
    house.meta.fail({ code, status: 500 });
    const error = await rejection(send(words('One')));
    expect(error).toBeInstanceOf(ChannelUnreachable);
    expect(error).not.toBeInstanceOf(ChannelBusy);
    await send(words('One'));
  });

  test('without saying why: 5xx is tried again, 4xx is not', async () => {
    await hears();
    house.meta.fail({ status: 503, text: '<html>' }, { status: 400, text: '<html>' });
    expect(await rejection(send(words('One')))).toBeInstanceOf(ChannelUnreachable);
    expect(await rejection(send(words('One')))).toBeInstanceOf(ChannelRefused);
  });

  test('with a user’s code in a status: acted on all the same', async () => {
    const status = {
      id: 'wamid.9',
      status: 'failed',
      timestamp: '1',
      recipient_id: NUMBER,
      errors: [{ code: 131048, title: 'Spam' }],
    };
    const sender = house.another();
    await postWebhook(house.url, webhook({ statuses: [status] }));
    expect(house.alerts).toMatchObject([{ code: 'WHATSAPP_131048' }]);
    expect(await rejection(send(nudge()))).toBeInstanceOf(ChannelRefused);
    // Also in a process that takes no webhooks.
    expect(await rejection(send(nudge(), NUMBER, sender))).toBeInstanceOf(ChannelRefused);
    expect(house.meta.attempts).toBe(0);
  });

  describe('in a status that another process takes', () => {
    let ids = 0;
    const failed = (code: number, number = NUMBER) => {
      ids += 1;
      const status = {
        id: `wamid.f${ids}`,
        status: 'failed',
        timestamp: '1',
        recipient_id: number,
        errors: [{ code }],
      };
      return postWebhook(house.url, webhook({ statuses: [status] }));
    };
    /** Nobody waits for the news of other processes: a message or two may be out before it is known. */
    async function untilBusy(channel: Channel, number = NUMBER): Promise<unknown> {
      for (let tries = 0; tries < 10; tries++) {
        const error = await rejection(send(words('One'), number, channel));
        if (error !== undefined) return error;
        house.skew += 1_000;
      }
      return undefined;
    }

    test.each([
      [190, 60_000],
      [4, 10_000],
      [80007, 10_000],
    ])('about the number (%d): the process that sends waits as well', async (code, ms) => {
      await hears();
      const sender = house.another();
      expect(await failed(code)).toBe(200);
      expect(await untilBusy(sender)).toBeInstanceOf(ChannelBusy);
      const before = house.meta.attempts;
      expect(await rejection(send(words('One'), NUMBER, sender))).toBeInstanceOf(ChannelBusy);
      expect(house.meta.attempts).toBe(before);
      house.skew += ms + 1_000;
      await send(words('One'), NUMBER, sender);
    });

    test('about the throughput, again and again: likewise', async () => {
      await hears();
      const sender = house.another();
      for (const ms of [1_000, 2_000, 4_000, 8_000, 16_000]) {
        await failed(130429);
        house.skew += ms + 100;
      }
      await failed(130429);
      expect(await untilBusy(sender)).toBeInstanceOf(ChannelBusy);
    });

    test('about one user (131056): the process that sends leaves that one alone, and nobody else', async () => {
      await hears();
      await hears('16505559999');
      const sender = house.another();
      for (const ms of [1_000, 4_000, 16_000]) {
        await failed(131056);
        house.skew += ms + 100;
      }
      await failed(131056);
      expect(await untilBusy(sender)).toBeInstanceOf(ChannelBusy);
      await send(words('Two'), '16505559999', sender);
    });

    test('with many such statuses at once: one wait', async () => {
      await hears();
      await Promise.all(Array.from({ length: 10 }, () => failed(4)));
      expect(await rejection(send(words('One')))).toMatchObject({ retryAfterMs: about(10_000) });
    });

    test('and with the store away each process keeps to what it was told itself', async () => {
      await hears();
      house.redis.disconnect();
      house.meta.fail({ code: 4 });
      expect(await rejection(send(words('One')))).toMatchObject({ retryAfterMs: about(10_000) });
      expect(await rejection(send(words('One')))).toBeInstanceOf(ChannelBusy);
      expect(house.meta.attempts).toBe(1);
    });
  });

  test('no error holds the number, the token, or the words', async () => {
    await hears();
    for (const failure of [{ code: 131026 }, { code: 190 }, { code: 131000, status: 500 }]) {
      house.meta.fail(failure);
      const error = await rejection(send(words('secret words')));
      house.skew += 120_000;
      const all = JSON.stringify([error, (error as Error).message, (error as Error).cause, (error as Error).stack]);
      for (const secret of [NUMBER, SETTINGS.accessToken, 'secret words']) expect(all).not.toContain(secret);
    }
  });
});

describe('a reply that WhatsApp took and then failed for now', () => {
  const vault = tempVault();
  let ids = 0;
  const failed = ({ id }: Outgoing, code = 131000, number = NUMBER) => {
    ids += 1;
    const about = { status: 'failed', timestamp: '1', recipient_id: number, biz_opaque_callback_data: id };
    return postWebhook(house.url, webhook({ statuses: [{ id: `wamid.a${ids}`, ...about, errors: [{ code }] }] }));
  };
  const told = (number: string) => house.meta.sent.filter(({ to }) => to === number).map(({ body }) => body);
  async function until(count: number, number = NUMBER): Promise<void> {
    for (let tries = 0; tries < 750 && told(number).length < count; tries++)
      await new Promise((done) => setTimeout(done, 20));
    expect(told(number)).toHaveLength(count);
  }

  const stores = () => ({ shortLived: createRedisShortLived(house.redis, house.prefix), vault });

  test.each([131000, 131016, 131056])('(%d) is sent again, the same and under the same id', async (code) => {
    await hears();
    const reply = to(NUMBER, words('Hello'));
    await house.channel.send(reply);
    expect(await failed(reply, code)).toBe(200);
    await until(2);
    const [first, second] = told(NUMBER);
    expect(second).toEqual(first);
  });

  test('is sent again by the process that sent it, wherever the status comes in', async () => {
    await hears();
    const reply = to(NUMBER, words('Hello'));
    await house.another().send(reply);
    await failed(reply);
    await until(2);
    // In the store is an id, and none of the words.
    const kept = await Promise.all(
      (await house.redis.keys(`${house.prefix}*again*`)).map((key) => house.redis.get(key)),
    );
    expect(kept.join()).toContain(reply.id);
    for (const secret of ['Hello', NUMBER])
      expect(kept.join().replaceAll(reply.conversationId, '')).not.toContain(secret);
  });

  test('and fails again, is sent again later, three times at most', async () => {
    await hears();
    const reply = to(NUMBER, words('Hello'));
    const parts = { ...stores(), now: () => Date.now() };
    const sent: Outgoing[] = [];
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
    const again = createAgain({
      ...parts,
      async send(outgoing) {
        sent.push(outgoing);
        again.took(outgoing);
      },
    });
    try {
      again.took(reply);
      for (const seconds of [1, 4, 16]) {
        const before = sent.length;
        await again.failed(reply.conversationId, reply.id, `wamid.${seconds}`);
        await again.failed(reply.conversationId, reply.id, `wamid.${seconds}`);
        await jest.advanceTimersByTimeAsync(seconds * 1_000 - 1);
        expect(sent).toHaveLength(before);
        await jest.advanceTimersByTimeAsync(seconds * 200 + 2);
        expect(sent).toHaveLength(before + 1);
      }
      await again.failed(reply.conversationId, reply.id, 'wamid.64');
      await jest.advanceTimersByTimeAsync(120_000);
      expect(sent).toEqual([reply, reply, reply]);
    } finally {
      again.close();
      jest.useRealTimers();
    }
  });

  test('is sent again once for each failure, by whichever processes and however often it is told', async () => {
    await hears();
    const reply = to(NUMBER, words('Hello'));
    const sent: Outgoing[] = [];
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
    const process = () =>
      createAgain({
        ...stores(),
        now: () => Date.now(),
        async send(outgoing) {
          sent.push(outgoing);
          sender.took(outgoing);
        },
      });
    const [sender, one, other] = [process(), process(), process()];
    /** The sender looks once a second, in a real Redis. */
    const seconds = async (count: number) => {
      for (let tenths = 0; tenths < count * 10; tenths++) {
        await jest.advanceTimersByTimeAsync(100);
        await house.redis.ping();
      }
    };
    try {
      sender.took(reply);
      await one.failed(reply.conversationId, reply.id, 'wamid.first');
      await seconds(4);
      expect(sent).toHaveLength(1);
      await other.failed(reply.conversationId, reply.id, 'wamid.first');
      await sender.failed(reply.conversationId, reply.id, 'wamid.first');
      await seconds(10);
      expect(sent).toHaveLength(1);
      await sender.failed(reply.conversationId, reply.id, 'wamid.second');
      await other.failed(reply.conversationId, reply.id, 'wamid.second');
      await seconds(30);
      expect(sent).toHaveLength(2);
    } finally {
      for (const each of [sender, one, other]) each.close();
      jest.useRealTimers();
    }
    const kept = await house.redis.get(`${house.prefix}:whatsapp:again`);
    expect(kept).toContain(reply.id);
    expect(kept).not.toContain('wamid');
  });

  test('is not sent again when something else was said since, when it is owed, or when it cannot arrive', async () => {
    const numbers = ['16505550001', '16505550002', '16505550003', '16505550004', NUMBER] as const;
    for (const number of numbers) await hears(number);
    const [overtaken, owed, lost, code, control] = numbers.map((number) => to(number, words('Hello'))) as Outgoing[];
    if (!overtaken || !owed || !lost || !code || !control) throw new Error('five replies');
    await house.channel.send(overtaken);
    await house.channel.send(to(numbers[0], words('Something else')));
    await house.channel.send({ ...owed, unprompted: true });
    await house.channel.send(lost);
    await house.channel.send({ ...code, message: nudge('en', 'link_code', '123456') });
    await house.channel.send(control);
    await failed(overtaken, 131000, numbers[0]);
    await failed(owed, 131000, numbers[1]);
    await failed(lost, 131052, numbers[2]);
    await failed(code, 131000, numbers[3]);
    await failed(control);
    await until(2);
    expect(numbers.map((number) => told(number).length)).toEqual([2, 1, 1, 1, 2]);
  });
});

describe('silence', () => {
  test('after the message went out is taken for a yes: it would be sent and billed twice otherwise', async () => {
    await house.stop();
    house = await openHouse({ timeoutMs: 600 });
    await hears();
    house.meta.fail({ instead: 'hang' });
    await send(words('One'));
    expect(house.meta.attempts).toBe(1);
    expect(house.warnings).toHaveLength(1);
  });

  test('of a connection that broke after the message went out is taken for a yes as well', async () => {
    await hears();
    house.meta.fail({ instead: 'break' });
    await send(words('One'));
    expect(house.meta.attempts).toBe(1);
    expect(house.warnings).toHaveLength(1);
  });

  test('of a connection that was closed while nothing was on it loses nothing and doubles nothing', async () => {
    await hears();
    for (let round = 1; round <= 5; round++) {
      await send(words('One'));
      house.meta.closeIdle();
    }
    expect(house.meta.sent).toHaveLength(5);
    expect(house.meta.attempts).toBe(5);
    expect(house.warnings).toEqual([]);
  });

  test('of nobody there is tried again', async () => {
    await hears();
    await house.meta.close();
    expect(await rejection(send(words('One')))).toBeInstanceOf(ChannelUnreachable);
  });

  test('of Redis about the window is tried again', async () => {
    await hears();
    house.redis.disconnect();
    expect(await rejection(send(words('One'), NUMBER, house.another()))).toBeInstanceOf(ChannelUnreachable);
    expect(house.meta.attempts).toBe(0);
  });
});

describe('read marks and typing', () => {
  const soon = async (check: () => boolean) => {
    for (let tries = 0; tries < 200 && !check(); tries++) await new Promise((done) => setTimeout(done, 20));
    expect(check()).toBe(true);
  };
  const last = () => house.delivered.at(-1)?.id ?? '';

  test('a quick turn leaves a read mark and no typing indicator', async () => {
    await hears();
    await house.channel.typing?.(conversationOf(NUMBER), '', 'wamid.in.1');
    await send(words('Quick'));
    await house.channel.taken?.(conversationOf(NUMBER), last());
    await soon(() => house.meta.reads.length > 0);
    await new Promise((done) => setTimeout(done, 600));
    expect(house.meta.reads).toEqual([{ messageId: last(), typing: false }]);
  });

  test('a slow turn shows typing and marks as read in one call', async () => {
    await hears();
    await house.channel.typing?.(conversationOf(NUMBER), '', 'wamid.in.1');
    await soon(() => house.meta.reads.length > 0);
    await send(words('Slow'));
    await house.channel.taken?.(conversationOf(NUMBER), last());
    expect(house.meta.reads).toEqual([{ messageId: last(), typing: true }]);
  });

  test('a lively conversation is marked at most every two seconds, and to its end', async () => {
    for (let turn = 0; turn < 5; turn++) {
      await hears();
      await house.channel.taken?.(conversationOf(NUMBER), last());
    }
    await soon(() => house.meta.reads.length === 2);
    expect(house.meta.reads[1]).toEqual({ messageId: last(), typing: false });
  });

  test('a process that did not hear the message knows it by its id', async () => {
    await hears();
    await house.another().typing?.(conversationOf(NUMBER), '', 'wamid.elsewhere');
    await new Promise((done) => setTimeout(done, 700));
    expect(house.meta.reads).toEqual([{ messageId: 'wamid.elsewhere', typing: true }]);
  });
});

test.each(['graphVersion', 'phoneNumberId', 'accessToken', 'appSecret', 'verifyToken'])(
  'without %s the channel does not start',
  (name) => {
    const options = { ...SETTINGS, [name]: ' ' } as never;
    expect(() => createWhatsAppChannel(options)).toThrow(expect.objectContaining({ code: 'WHATSAPP_MISCONFIGURED' }));
  },
);

test('what a code asks for depends on the status only where the code is unknown', () => {
  expect(reactionTo(131026, '', 500)).toEqual(reactionTo(131026));
  expect(reactionTo(-1, '', 502)).toEqual({ do: 'retry' });
  expect(reactionTo(-1, '', 403)).toEqual({ do: 'locked-out' });
  expect(reactionTo(131009, 'Button title is too long')).toEqual({ do: 'drop', alert: true });
});
