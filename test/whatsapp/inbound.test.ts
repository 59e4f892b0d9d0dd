import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { verifySignature } from '../../adapters/whatsapp/verify.js';
import { inboundEvent } from '../../bot/conversation/event.js';
import { LedgerUnavailable } from '../../bot/ledger/index.js';
import { HttpProblem } from '../../bot/problem.js';
import { conversationOf, type House, openHouse, payload } from './house.js';
import { inbound, postWebhook, SETTINGS, says, signed, webhook } from './whatsapp.js';

const NUMBER = '16505551234';
const BSUID = 'US.13491208655302741918';

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterEach(() => {
  house.delivered.length = 0;
  house.deliveries.length = 0;
  house.alerts.length = 0;
  house.optOuts.length = 0;
  house.debug.length = 0;
});
afterAll(() => house.stop());

async function raw(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string>) {
  const response = await fetch(`${house.url}/whatsapp/webhook`, { method: 'POST', body, headers });
  return { status: response.status, text: await response.text() };
}

/** A payload of its own message id, so that no test meets another's duplicate. */
let copies = 0;
function fresh(name: string, secondsAgo = 0): string {
  copies += 1;
  return payload(name, secondsAgo).replaceAll('wamid.HBgL', `wamid.${copies}.HBgL`);
}

describe('the subscription', () => {
  const ask = async (query: Record<string, string>) => {
    const response = await fetch(`${house.url}/whatsapp/webhook?${new URLSearchParams(query)}`);
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
  };
  const right = { 'hub.mode': 'subscribe', 'hub.verify_token': SETTINGS.verifyToken, 'hub.challenge': '1158201444' };

  test('is confirmed by echoing the challenge as plain text', async () => {
    expect(await ask(right)).toEqual({ status: 200, type: 'text/plain; charset=utf-8', text: '1158201444' });
  });

  test.each([
    ['another token', { ...right, 'hub.verify_token': 'guess' }],
    ['a token that only begins like ours', { ...right, 'hub.verify_token': SETTINGS.verifyToken.slice(0, -1) }],
    ['no token', { 'hub.mode': 'subscribe', 'hub.challenge': '1' }],
    ['another mode', { ...right, 'hub.mode': 'unsubscribe' }],
    ['no challenge', { 'hub.mode': 'subscribe', 'hub.verify_token': SETTINGS.verifyToken }],
  ])('is refused with %s', async (_what, query) => {
    const answer = await ask(query);
    expect(answer.status).toBe(403);
    expect(answer.text).not.toContain(SETTINGS.verifyToken);
  });
});

describe('the signature', () => {
  const body = () => JSON.stringify(says(NUMBER, 'balance'));

  test.each<[string, (text: string) => Record<string, string>]>([
    ['nothing', () => ({ 'content-type': 'application/json' })],
    ['another secret', (text) => signed(text, 'another secret')],
    ['an empty signature', (text) => ({ ...signed(text), 'x-hub-signature-256': 'sha256=' })],
    [
      'the SHA-1 header alone',
      (text) => ({ 'content-type': 'application/json', 'x-hub-signature': signed(text)['x-hub-signature-256'] ?? '' }),
    ],
    [
      'a bare digest',
      (text) => ({ ...signed(text), 'x-hub-signature-256': signed(text)['x-hub-signature-256']?.slice(7) ?? '' }),
    ],
  ])('of %s is answered 401, and nothing is taken', async (_what, headers) => {
    const text = body();
    const answer = await raw(text, headers(text));
    expect(answer.status).toBe(401);
    expect(answer.text).not.toContain(NUMBER);
    expect(house.delivered).toEqual([]);
  });

  test('is over the bytes: the same JSON written another way is a forgery', async () => {
    const text = body();
    expect((await raw(JSON.stringify(JSON.parse(text), null, 1), signed(text))).status).toBe(401);
  });

  test('is checked before the body is read: broken JSON without it is 401, with it 400', async () => {
    expect(
      (await raw('{', { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }))
        .status,
    ).toBe(401);
    expect((await raw('{', signed('{'))).status).toBe(400);
  });

  test('no change of a byte, anywhere, goes unnoticed', async () => {
    const text = Buffer.from(body());
    const headers = signed(text);
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const forged = Uint8Array.from(text);
        forged[at] = ((forged[at] ?? 0) + by) % 256;
        expect((await raw(forged, headers)).status).toBe(401);
      }),
      { numRuns: 200 },
    );
    expect(house.delivered).toEqual([]);
  });
});

test('of thousands of forgeries of body, signature or secret none passes', () => {
  const body = Buffer.from('{"object":"whatsapp_business_account","entry":[]}');
  const right = signed(body)['x-hub-signature-256'] ?? '';
  const passes = (raw: Buffer, header: string, secret: string) => {
    try {
      verifySignature(raw, header, secret);
      return true;
    } catch (error) {
      if (error instanceof HttpProblem && error.status === 401) return false;
      throw error;
    }
  };
  expect(passes(body, right, SETTINGS.appSecret)).toBe(true);
  const flipped = (bytes: Buffer, at: number, by: number) => {
    const copy = Buffer.from(bytes);
    copy[at % copy.length] = ((copy[at % copy.length] ?? 0) + by) % 256;
    return copy;
  };
  fc.assert(
    fc.property(
      fc.constantFrom('body', 'header', 'secret'),
      fc.nat(200),
      fc.integer({ min: 1, max: 255 }),
      (what, at, by) => {
        const raw = what === 'body' ? flipped(body, at, by) : body;
        const header = what === 'header' ? flipped(Buffer.from(right), at, by).toString('latin1') : right;
        const secret = what === 'secret' ? `${SETTINGS.appSecret}${String.fromCharCode(by)}` : SETTINGS.appSecret;
        // A hexadecimal digit may be written in either case.
        if (header !== right && header.toLowerCase() === right) return true;
        expect(() => verifySignature(raw, header, secret)).toThrow(HttpProblem);
      },
    ),
    { numRuns: Number(process.env['MUTATIONS'] ?? 5_000), seed: 1 },
  );
});

describe('what is signed but malformed is answered 400, naming the field', () => {
  test.each<[string, unknown]>([
    ['object', { entry: [] }],
    ['entry', { object: 'whatsapp_business_account' }],
    ['entry.0.changes', { object: 'whatsapp_business_account', entry: [{ id: '1' }] }],
    ['entry.0.changes.0.field', { object: 'whatsapp_business_account', entry: [{ changes: [{ value: {} }] }] }],
    ['entry.0.changes.0.value.messages', webhook({ messages: 'none' })],
    ['body', null],
  ])('%s', async (field, payloadBody) => {
    const body = JSON.stringify(payloadBody);
    const answer = await raw(body, signed(body));
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'BAD_REQUEST', field });
    expect(house.delivered).toEqual([]);
  });

  test('__proto__ in a body is refused and pollutes nothing', async () => {
    const body = `{"object":"whatsapp_business_account","__proto__":{"polluted":1},"entry":[{"id":"1","changes":[{"field":"x","value":{"__proto__":{"polluted":1}}}]}]}`;
    expect((await raw(body, signed(body))).status).toBe(400);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('a body over 3 MB is answered 413, one just under it is taken', async () => {
    const big = (size: number) => JSON.stringify(webhook({ messages: [inbound(NUMBER, 'x'.repeat(size))] }));
    const over = big(3 * 1024 * 1024);
    expect((await raw(over, signed(over))).status).toBe(413);
    const under = big(3 * 1024 * 1024 - 1000);
    expect((await raw(under, signed(under))).status).toBe(200);
  });

  test('another content type is answered 415', async () => {
    expect((await raw('x', { ...signed('x'), 'content-type': 'text/plain' })).status).toBe(415);
  });
});

describe('an update in a shape of tomorrow costs nobody else theirs', () => {
  const other = '16505554321';
  const contacts = [{ wa_id: NUMBER }, { wa_id: other }];

  test.each<[string, unknown]>([
    ['without an id', { id: undefined }],
    ['with an id that is no text', { id: 7 }],
    ['with an endless id', { id: `wamid.${'x'.repeat(1_000)}` }],
    ['with another kind of time', { timestamp: '2026-10-08T00:00:00Z' }],
    ['without a type', { type: undefined }],
  ])('a message %s', async (_what, odd) => {
    const messages = [{ ...inbound(NUMBER, 'secret words'), ...(odd as object) }, inbound('', 'balance')];
    expect(await postWebhook(house.url, webhook({ contacts, messages }))).toBe(200);
    expect(house.delivered).toMatchObject([{ kind: 'text', text: 'balance', conversationId: conversationOf(other) }]);
    expect(house.alerts).toMatchObject([{ code: 'whatsapp:unreadable', what: expect.stringContaining('message') }]);
    expect(JSON.stringify([house.alerts, house.debug])).not.toMatch(/\d{7}|secret|xxx/);
  });

  test.each(['a message', null, []])('a message that is %j', async (odd) => {
    expect(await postWebhook(house.url, webhook({ messages: [odd, inbound(other, 'balance'), odd] }))).toBe(200);
    expect(house.delivered).toHaveLength(1);
    expect(house.alerts).toHaveLength(1);
  });

  test('a contact', async () => {
    const odd = ['a contact', { wa_id: other }];
    const messages = [inbound(NUMBER, 'one'), inbound('', 'two')];
    expect(await postWebhook(house.url, webhook({ contacts: odd, messages }))).toBe(200);
    expect(house.delivered.map(({ conversationId }) => conversationId).toSorted()).toEqual(
      [conversationOf(NUMBER), conversationOf(other)].toSorted(),
    );
  });

  test('a status', async () => {
    const right = { id: `wamid.${Date.now()}`, status: 'sent', timestamp: '1', recipient_id: NUMBER };
    const statuses = [{ ...right, status: 5 }, { ...right, id: '' }, right];
    expect(await postWebhook(house.url, webhook({ statuses }))).toBe(200);
    expect(house.deliveries).toEqual([{ channel: 'whatsapp', state: 'sent' }]);
    expect(house.alerts).toMatchObject([{ code: 'whatsapp:unreadable', what: expect.stringContaining('status') }]);
  });

  test('a preference', async () => {
    const stop = JSON.parse(payload('preferences-stop'));
    const { value } = stop.entry[0].changes[0];
    value.user_preferences = [{ wa_id: other, value: { is: 'stop' } }, ...value.user_preferences];
    expect(await postWebhook(house.url, stop)).toBe(200);
    expect(house.optOuts).toMatchObject([{ conversationId: conversationOf(NUMBER), how: 'whatsapp:stop' }]);
    expect(house.alerts).toHaveLength(1);
  });

  test('a change of an id', async () => {
    await postWebhook(house.url, fresh('text').replaceAll(NUMBER, '16505556666').replaceAll(BSUID, 'US.6666'));
    const update = JSON.parse(payload('user-id-update'));
    const { value } = update.entry[0].changes[0];
    const right = { wa_id: '', user_id: { previous: 'US.6666', current: 'US.6667' } };
    value.user_id_update = [{ wa_id: '', user_id: 'US.1' }, right];
    expect(await postWebhook(house.url, update)).toBe(200);
    expect(house.optOuts).toEqual([{ conversationId: conversationOf('16505556666'), how: 'whatsapp:moved' }]);
    expect(house.alerts).toHaveLength(1);
  });
});

test('an id is as long as a business-scoped id makes it', async () => {
  const id = `wamid.${'A'.repeat(400)}`;
  expect(await postWebhook(house.url, says(NUMBER, 'balance', { id }))).toBe(200);
  const [event] = house.delivered;
  expect(event).toMatchObject({ id });
  expect(inboundEvent.parse(event)).toEqual(event);
});

describe('what people say', () => {
  test.each<[string, Record<string, unknown>]>([
    ['text', { kind: 'text', text: 'balance' }],
    ['button-reply', { kind: 'press', token: 'offers~AbCd12~1' }],
    ['list-reply', { kind: 'press', token: 'offers.view~AbCd12~0' }],
    ['template-button', { kind: 'press', token: 'offers' }],
    ['contacts', { kind: 'text', text: '+1 650 555 1234' }],
    ['image', { kind: 'text', text: 'offers' }],
    ['location', { kind: 'text', text: '' }],
    ['audio', { kind: 'text', text: '' }],
    ['sticker', { kind: 'text', text: '' }],
    ['unsupported', { kind: 'text', text: '' }],
  ])('%s', async (name, said) => {
    const before = Date.now();
    expect(await postWebhook(house.url, fresh(name))).toBe(200);
    expect(house.delivered).toEqual([
      {
        ...said,
        id: expect.stringMatching(/^wamid\.\d+\./),
        at: expect.any(Number),
        saidAt: expect.any(Number),
        conversationId: conversationOf(NUMBER),
        from: {
          channel: 'whatsapp',
          workspace: SETTINGS.phoneNumberId,
          user: NUMBER,
          phone: NUMBER,
          alias: BSUID,
          address: `{"to":"${NUMBER}"}`,
        },
      },
    ]);
    expect(house.delivered[0]?.at).toBeGreaterThanOrEqual(before);
  });

  test('a template button without a payload of ours is its words', async () => {
    await postWebhook(house.url, says(NUMBER, { type: 'button', button: { payload: 'Yes', text: 'Yes' } }));
    expect(house.delivered).toMatchObject([{ kind: 'text', text: 'Yes' }]);
  });

  test('opening the chat without a word is a hello', async () => {
    await postWebhook(house.url, says(NUMBER, { type: 'request_welcome' }));
    expect(house.delivered).toMatchObject([{ kind: 'hello' }]);
  });

  test('a type of tomorrow, or a known one in another shape, is answered kindly', async () => {
    await postWebhook(house.url, says(NUMBER, { type: 'hologram', hologram: {} }));
    await postWebhook(house.url, says(NUMBER, { type: 'text', text: 'not an object' }));
    expect(house.delivered).toMatchObject([
      { kind: 'text', text: '' },
      { kind: 'text', text: '' },
    ]);
  });

  test.each(['reaction', 'unknown-field', 'capability'])('%s is ignored, with a debug line', async (name) => {
    expect(await postWebhook(house.url, fresh(name))).toBe(200);
    expect(house.delivered).toEqual([]);
    expect(house.debug).toHaveLength(1);
  });

  test('what is said to another business number, in a group, or about something else is not ours to answer', async () => {
    const other = { metadata: { display_phone_number: '1', phone_number_id: '999' }, messages: [inbound(NUMBER, 'x')] };
    expect(await postWebhook(house.url, webhook(other))).toBe(200);
    expect(await postWebhook(house.url, says(NUMBER, 'x', { group_id: 'Y2FwaV9ncm91cDo' }))).toBe(200);
    expect(await postWebhook(house.url, { ...says(NUMBER, 'x'), object: 'instagram' })).toBe(200);
    expect(house.delivered).toEqual([]);
    expect(house.debug).toHaveLength(3);
  });

  test('what was said more than eight hours ago is not answered any more', async () => {
    expect(await postWebhook(house.url, fresh('text', 8 * 3600 - 60))).toBe(200);
    expect(house.delivered).toHaveLength(1);
    expect(await postWebhook(house.url, fresh('text', 8 * 3600 + 60))).toBe(200);
    expect(house.delivered).toHaveLength(1);
  });

  describe('more than eight hours ago', () => {
    const long = (content: Record<string, unknown> | string, more: Record<string, unknown> = {}) =>
      says(NUMBER, content, { timestamp: String(Math.floor(Date.now() / 1000) - 30 * 3_600), ...more });
    const press = (payload: string) => ({ type: 'button', button: { payload, text: 'a label' } });
    const tap = (id: string) => ({ type: 'interactive', interactive: { type: 'button_reply', button_reply: { id } } });

    test.each<[string, Record<string, unknown> | string]>([
      ['in English', 'STOP'],
      ['in Spanish', 'quiero darme de baja'],
      ['in Urdu', 'پیغامات بند کریں'],
      ['in Urdu, in Latin letters', 'Band karo!'],
      ['with the button of an alert', press('nudges.off')],
      ['with the words of an alert’s button', { type: 'button', button: { payload: 'Stop', text: 'Stop' } }],
      ['with a button of the chat', tap('nudges.off~AbCd12~2')],
    ])('and asks to stop, %s, ends the alerts as of then, and gets no answer', async (_how, content) => {
      const said = long(content);
      expect(await postWebhook(house.url, said)).toBe(200);
      expect(house.optOuts).toEqual([
        {
          conversationId: conversationOf(NUMBER),
          how: 'whatsapp:said-stop',
          saidAt: expect.any(Number),
        },
      ]);
      expect(house.optOuts[0]?.saidAt).toBeLessThan(Date.now() - 29 * 3_600_000);
      expect(house.delivered).toEqual([]);
      expect(house.meta.attempts).toBe(0);
    });

    test.each<[string, Record<string, unknown> | string]>([
      ['a question', 'balance'],
      ['nothing', ''],
      ['another button', press('offers')],
      ['a yes', tap('nudges.on~AbCd12~1')],
      ['the word in a token', tap('settings.toggle~nudges.off~0')],
      ['a hello', { type: 'request_welcome' }],
    ])('and says %s changes nothing', async (_what, content) => {
      expect(await postWebhook(house.url, long(content))).toBe(200);
      expect([house.optOuts, house.delivered]).toEqual([[], []]);
      expect(house.debug).toHaveLength(1);
    });

    test('and asks to stop in a chat known by an id ends the alerts there, and nobody is remembered by it', async () => {
      const [number, bsuid] = ['16505552222', 'US.2221'];
      await postWebhook(house.url, fresh('username-only').replaceAll(BSUID, bsuid));
      const known = await house.redis.keys(`${house.prefix}*`);
      await postWebhook(house.url, long('stop', { from: number, from_user_id: bsuid }));
      await postWebhook(house.url, long('stop', { from: '16505553333', from_user_id: 'US.3333' }));
      expect(house.optOuts.map(({ conversationId }) => conversationId)).toEqual([
        conversationOf(bsuid),
        conversationOf('16505553333'),
      ]);
      expect(await house.redis.keys(`${house.prefix}*`)).toHaveLength(known.length);
    });

    test('and asks to stop is taken when Meta comes back with it, where it could not be kept', async () => {
      const { optOut } = house;
      house.optOut = () => Promise.reject(new LedgerUnavailable('away'));
      const said = long('stop');
      expect(await postWebhook(house.url, said)).toBe(503);
      house.optOut = optOut;
      expect(await postWebhook(house.url, said)).toBe(200);
      expect(house.optOuts).toHaveLength(1);
    });
  });

  test('is taken with the time when it was said', async () => {
    await postWebhook(house.url, fresh('text', 600));
    const [event] = house.delivered;
    const saidAt = event !== undefined && 'saidAt' in event ? event.saidAt : undefined;
    expect(Math.abs((saidAt ?? 0) - (Date.now() - 600_000))).toBeLessThan(5_000);
  });

  test('a redelivery carries the same id, by which it is known', async () => {
    const once = fresh('text');
    for (let time = 0; time < 3; time++) expect(await postWebhook(house.url, once)).toBe(200);
    expect(house.delivered).toHaveLength(1);
  });

  test('is acknowledged only once the mailbox has it; when it does not take it, Meta is told to come back', async () => {
    const deliver = house.deliver;
    let taken = false;
    house.deliver = async (event) => {
      await new Promise((done) => setTimeout(done, 50));
      taken = true;
      return deliver(event);
    };
    await postWebhook(house.url, fresh('text'));
    expect(taken).toBe(true);
    house.deliver = () => Promise.reject(new Error('the mailbox is away'));
    expect(await postWebhook(house.url, fresh('text'))).toBeGreaterThanOrEqual(500);
    house.deliver = deliver;
  });

  test('no number appears in what is logged', async () => {
    for (const name of ['reaction', 'unknown-field', 'preferences-resume', 'capability'])
      await postWebhook(house.url, fresh(name));
    await postWebhook(house.url, fresh('text', 9 * 3600));
    expect(house.debug.length).toBeGreaterThan(3);
    expect(JSON.stringify(house.debug)).not.toMatch(/\d{7}/);
  });
});

test('a thousand updates in one POST are all taken, each conversation in its order', async () => {
  const messages = Array.from({ length: 1000 }, (_, index) => inbound(`1650555${1000 + (index % 50)}`, String(index)));
  let most = 0;
  let now = 0;
  const deliver = house.deliver;
  house.deliver = async (event) => {
    most = Math.max(most, ++now);
    await new Promise((done) => setTimeout(done, Math.random() * 3));
    now -= 1;
    return deliver(event);
  };
  expect(await postWebhook(house.url, webhook({ messages }))).toBe(200);
  house.deliver = deliver;
  expect(house.delivered).toHaveLength(1000);
  expect(most).toBeGreaterThan(10);
  for (let user = 0; user < 50; user++) {
    const mine = house.delivered.filter((event) => 'from' in event && event.from.user === `1650555${1000 + user}`);
    expect(mine.map((event) => event.kind === 'text' && Number(event.text))).toEqual(
      Array.from({ length: 20 }, (_, turn) => turn * 50 + user),
    );
  }
});

describe('users without a number', () => {
  test('are known by their business-scoped id', async () => {
    const lonely = 'BR.1502576394655843';
    await postWebhook(house.url, fresh('username-only').replaceAll(BSUID, lonely));
    expect(house.delivered).toMatchObject([
      { conversationId: conversationOf(lonely), from: { user: lonely, address: `{"recipient":"${lonely}"}` } },
    ]);
  });

  test('keep the conversation they began with the number that is hidden now', async () => {
    const [number, bsuid] = ['16505557777', 'US.7777'];
    await postWebhook(house.url, fresh('text').replaceAll(NUMBER, number).replaceAll(BSUID, bsuid));
    await postWebhook(house.url, fresh('username-only').replaceAll(BSUID, bsuid));
    expect(house.delivered.map(({ conversationId }) => conversationId)).toEqual([
      conversationOf(number),
      conversationOf(number),
    ]);
    expect(house.delivered[1]).toMatchObject({ from: { user: number, address: `{"to":"${number}"}` } });
  });

  test('keep the conversation they began without a number, once it is known', async () => {
    const [number, bsuid] = ['16505558888', 'US.8888'];
    await postWebhook(house.url, fresh('username-only').replaceAll(BSUID, bsuid));
    await postWebhook(house.url, fresh('text').replaceAll(NUMBER, number).replaceAll(BSUID, bsuid));
    await postWebhook(house.url, says(number, 'and now the number alone'));
    expect(new Set(house.delivered.map(({ conversationId }) => conversationId))).toEqual(
      new Set([conversationOf(bsuid)]),
    );
    expect(house.delivered[2]).toMatchObject({ from: { user: bsuid, phone: number } });
  });

  test('neither the number nor the id can be read in Redis', async () => {
    await postWebhook(house.url, fresh('text'));
    const keys = await house.redis.keys(`${house.prefix}:whatsapp:user:*`);
    expect(keys.length).toBeGreaterThan(0);
    const kept = `${keys} ${await house.redis.mget(...keys)}`;
    expect(kept).not.toContain(NUMBER);
    expect(kept).not.toContain(BSUID);
  });

  test('a new id for the same number finds the conversation', async () => {
    await postWebhook(house.url, fresh('text'));
    expect(await postWebhook(house.url, payload('user-id-update'))).toBe(200);
    expect(house.optOuts).toEqual([]);
    await postWebhook(house.url, fresh('username-only').replaceAll(BSUID, 'US.99999999999999999999'));
    expect(house.delivered.map(({ conversationId }) => conversationId)).toEqual([
      conversationOf(NUMBER),
      conversationOf(NUMBER),
    ]);
  });

  test('a new id without a number is a new number: the old conversation is left in peace', async () => {
    const [before, after] = ['US.1111', 'US.2222'];
    await postWebhook(house.url, fresh('username-only').replaceAll(BSUID, before));
    const update = JSON.parse(payload('user-id-update'));
    const [told] = update.entry[0].changes[0].value.user_id_update;
    update.entry[0].changes[0].value.user_id_update = [
      { ...told, wa_id: '', user_id: { previous: before, current: after } },
    ];
    expect(await postWebhook(house.url, JSON.stringify(update))).toBe(200);
    expect(house.optOuts).toEqual([{ conversationId: conversationOf(before), how: 'whatsapp:moved' }]);
    await postWebhook(house.url, fresh('username-only').replaceAll(BSUID, after));
    expect(house.delivered.at(-1)).toMatchObject({ conversationId: conversationOf(after) });
  });

  test('a new number is another line: the old conversation is left in peace', async () => {
    expect(await postWebhook(house.url, payload('user-changed-number'))).toBe(200);
    expect(house.optOuts).toEqual([{ conversationId: conversationOf(NUMBER), how: 'whatsapp:moved' }]);
    expect(house.delivered).toEqual([]);
  });
});

describe('what becomes of messages', () => {
  test('is reported, forwards only: late, repeated and skipped steps change nothing', async () => {
    const id = `wamid.${Date.now()}`;
    for (const name of ['sent', 'read', 'delivered', 'sent', 'played', 'failed']) {
      expect(await postWebhook(house.url, payload(`status-${name}`).replaceAll(/wamid\.HBgL[^"]*/g, id))).toBe(200);
    }
    expect(house.deliveries.map(({ state }) => state)).toEqual(['sent', 'read']);
  });

  test('is reported under the id that the message was sent with, where that is one of ours', async () => {
    await postWebhook(house.url, fresh('status-delivered'));
    await postWebhook(house.url, fresh('status-delivered').replace('x7Jq', 'x'.repeat(65)));
    await postWebhook(house.url, fresh('status-delivered').replace('x7Jq', 'not <ours>'));
    expect(house.deliveries).toEqual([
      { channel: 'whatsapp', state: 'delivered', id: 'x7Jq' },
      { channel: 'whatsapp', state: 'delivered' },
      { channel: 'whatsapp', state: 'delivered' },
    ]);
  });

  test('a failure is final only until the message arrives all the same', async () => {
    const id = `wamid.${Date.now()}`;
    for (const name of ['failed', 'sent', 'delivered', 'failed']) {
      await postWebhook(house.url, payload(`status-${name}`).replaceAll(/wamid\.HBgL[^"]*/g, id));
    }
    expect(house.deliveries.map(({ state }) => state)).toEqual(['failed', 'delivered']);
  });

  test.each([
    [131047, true],
    [131000, true],
    [131056, true],
    [132015, true],
    [131048, true],
    [131026, false],
    [131049, false],
    [131050, false],
    [132000, false],
    [130472, false],
  ])('a failure (%d) says whether sending it again would help: %s', async (code, helps) => {
    await postWebhook(house.url, fresh('status-failed').replaceAll('131049', String(code)));
    expect(house.deliveries).toEqual([
      { channel: 'whatsapp', state: 'failed', id: 'x7Jq', code: String(code), ...(helps && { resend: true }) },
    ]);
  });

  test('a failure carries its code, and one code is one opt-out', async () => {
    const failed = fresh('status-failed').replaceAll('131049', '131050');
    await postWebhook(house.url, failed);
    await postWebhook(house.url, failed);
    expect(house.deliveries).toEqual([{ channel: 'whatsapp', state: 'failed', id: 'x7Jq', code: '131050' }]);
    expect(house.optOuts).toEqual([{ conversationId: conversationOf(NUMBER), how: 'whatsapp:131050' }]);
  });

  test('an opt-out that could not be kept is kept when Meta comes back with it', async () => {
    const failed = fresh('status-failed').replaceAll('131049', '131050');
    const { optOut } = house;
    house.optOut = () => Promise.reject(new LedgerUnavailable('away'));
    expect(await postWebhook(house.url, failed)).toBe(503);
    house.optOut = optOut;
    expect(await postWebhook(house.url, failed)).toBe(200);
    expect(house.optOuts).toHaveLength(1);
    expect(house.deliveries).toHaveLength(1);
  });

  test('a state of tomorrow is ignored', async () => {
    expect(await postWebhook(house.url, fresh('status-sent').replaceAll('"sent"', '"pondered"'))).toBe(200);
    expect(house.deliveries).toEqual([]);
  });
});

test('stopping marketing is an opt-out; resuming it asks for nothing', async () => {
  await postWebhook(house.url, payload('preferences-stop'));
  const stop = { conversationId: conversationOf(NUMBER), how: 'whatsapp:stop', saidAt: 1_731_705_721_000 };
  expect(house.optOuts).toEqual([stop]);
  await postWebhook(house.url, payload('preferences-resume'));
  expect(house.optOuts).toHaveLength(1);
});

describe('what an operator has to look at', () => {
  test.each([
    ['account-violation', 'ACCOUNT_UPDATE:ACCOUNT_VIOLATION'],
    ['phone-number-flagged', 'PHONE_NUMBER_QUALITY_UPDATE:FLAGGED'],
    ['template-paused', 'MESSAGE_TEMPLATE_STATUS_UPDATE:PAUSED'],
    ['template-quality-red', 'MESSAGE_TEMPLATE_QUALITY_UPDATE:RED'],
    ['template-now-marketing', 'TEMPLATE_CATEGORY_UPDATE:MARKETING'],
  ])('%s raises an alert', async (name, code) => {
    expect(await postWebhook(house.url, payload(name))).toBe(200);
    expect(house.alerts).toMatchObject([{ code }]);
    expect(JSON.stringify(house.alerts)).not.toContain('15550783881');
  });

  test.each(['account-verified', 'template-approved', 'capability'])('%s does not', async (name) => {
    expect(await postWebhook(house.url, payload(name))).toBe(200);
    expect(house.alerts).toEqual([]);
  });
});

test('with Redis away a webhook is answered 503 at once', async () => {
  const alone = await openHouse();
  alone.redis.disconnect();
  const started = Date.now();
  expect(await postWebhook(alone.url, says('16505550000', 'balance'))).toBe(503);
  expect(Date.now() - started).toBeLessThan(1_000);
  await alone.stop();
});
