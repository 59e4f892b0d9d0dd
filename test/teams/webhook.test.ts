import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type House, openHouse, payload, until, WORDS } from './house.js';
import { personalChat } from './microsoft.js';

const AMINA = 'b130c271-d2eb-45f9-83ab-9eb3fe3788bc';
const TENANT = '72f988bf-0000-4000-8000-00000000abcd';

let house: House;
beforeEach(async () => {
  house = await openHouse();
});
afterEach(() => house.stop());

const post = (name: string, change?: Parameters<typeof payload>[2]) =>
  house.post(payload(house.microsoft, name, change));
const heard = () =>
  house.delivered.map((event) => ({ ...event, from: undefined, conversationId: undefined, at: undefined }));
const addressOf = (at: number) => {
  const event = house.delivered.at(at);
  return event !== undefined && 'from' in event ? JSON.parse(event.from.address) : undefined;
};

describe('what people say', () => {
  test('a personal message: who, where, in which language and zone', async () => {
    expect((await post('personal-message')).status).toBe(200);
    expect(house.delivered).toEqual([
      {
        kind: 'text',
        text: 'balance',
        id: '1763715601123',
        at: house.now,
        conversationId: expect.stringMatching(/^teams-[\w-]{22}$/),
        from: {
          channel: 'teams',
          workspace: TENANT,
          user: AMINA,
          locale: 'en-GB',
          timezone: 'Asia/Karachi',
          address: expect.any(String),
        },
      },
    ]);
    expect(addressOf(0)).toEqual({
      serviceUrl: house.microsoft.serviceUrl,
      conversationId: 'a:1pL6i0oY3C0K8oAj8aWT0iqdXQVqgmBAYJeKpYpMZnGiOZbFjBzVTPJTQCnOsXSA0',
      tenantId: TENANT,
      botId: '28:11111111-2222-3333-4444-555555555555',
      userId: expect.stringMatching(/^29:/),
      signed: true,
    });
  });

  test('the address stays the same from message to message', async () => {
    await post('personal-message');
    await post('action-execute');
    await post('bot-added');
    expect(new Set(house.delivered.map((event) => 'from' in event && event.from.address)).size).toBe(1);
    expect(new Set(house.delivered.map(({ conversationId }) => conversationId)).size).toBe(1);
  });

  test('the same person in another tenant is somebody else', async () => {
    await post('personal-message');
    await post('personal-message', (activity) => {
      activity.channelData.tenant.id = 'another';
    });
    expect(new Set(house.delivered.map(({ conversationId }) => conversationId)).size).toBe(2);
  });

  test('a message that Microsoft’s Playground sends', async () => {
    await house.stop();
    house = await openHouse({ unauthenticated: true });
    const { status } = await house.post(payload(house.microsoft, 'playground-message'), {});
    expect(status).toBe(200);
    expect(heard()).toMatchObject([{ kind: 'text', text: 'help' }]);
  });

  test('hints that are no language and no zone are left out', async () => {
    await post('personal-message', (activity) => {
      activity.locale = 'klingon-<script>';
      activity.localTimezone = 'Mars/Olympus';
      activity.entities = [];
    });
    expect(house.delivered[0]).toMatchObject({ from: { user: AMINA } });
    expect(house.delivered[0]).not.toMatchObject({ from: { locale: expect.anything() } });
    expect(house.delivered[0]).not.toMatchObject({ from: { timezone: expect.anything() } });
  });

  test('a message sent twice has one id', async () => {
    await post('personal-message');
    expect((await post('personal-message')).status).toBe(200);
    expect(house.delivered).toHaveLength(1);
  });

  test('when the mailbox cannot take it, Teams is told to send it again', async () => {
    house.deliver = async () => Promise.reject(new Error('no Redis'));
    expect((await post('personal-message')).status).toBeGreaterThanOrEqual(500);
  });
});

describe('buttons', () => {
  test('Action.Execute is a press, and is answered at once in the format Teams asks for', async () => {
    const { status, json } = await post('action-execute');
    expect(status).toBe(200);
    expect(json).toEqual({
      statusCode: 200,
      type: 'application/vnd.microsoft.activity.message',
      value: WORDS.working,
    });
    expect(heard()).toMatchObject([{ kind: 'press', token: 'offers~AbCd12~1' }]);
  });

  test('Action.Submit, which older clients fall back to, is the same press', async () => {
    expect(await post('action-submit')).toMatchObject({ status: 200, text: '' });
    expect(heard()).toMatchObject([{ kind: 'press', token: 'offers~AbCd12~1' }]);
  });

  test('a form comes with what was typed', async () => {
    await post('action-execute-form');
    expect(heard()).toMatchObject([
      { kind: 'form', token: 'top-up~AbCd12~form', values: { voucher: '1234-5678', number: '' } },
    ]);
  });

  test('what was typed is bounded, and named like a field or left out', async () => {
    await post('action-execute-form', (activity) => {
      const { data } = activity.value.action;
      data.field_voucher = 'x'.repeat(10_000);
      data['field___proto__'] = 'polluted';
      data['field_'] = 'nameless';
      data.field_number = { nested: true };
      data.other = 'not a field';
      for (let n = 0; n < 100; n++) data[`field_f${n}`] = 'v';
    });
    const [event] = house.delivered;
    if (event?.kind !== 'form') throw new Error('no form came');
    expect(event.values['voucher']).toHaveLength(500);
    expect(Object.keys(event.values).length).toBeLessThanOrEqual(20);
    expect(Object.keys(event.values)).toEqual(expect.not.arrayContaining(['__proto__', '', 'number', 'other']));
  });

  const again = (id: string) => (activity: { id: string }) => {
    activity.id = id;
  };

  test('a tap delivered twice under two ids is one event', async () => {
    await post('action-execute');
    const { json } = await post('action-execute', again('f:another-delivery'));
    expect(json).toMatchObject({ statusCode: 200 });
    await post('action-submit', again('f:a-third'));
    expect(house.delivered).toHaveLength(1);
  });

  test('two deliveries at the same moment are one event', async () => {
    await Promise.all([1, 2, 3, 4].map((n) => post('action-execute', again(`f:delivery-${n}`))));
    expect(new Set(house.delivered.map(({ id }) => id)).size).toBe(1);
  });

  test('a slow tap that is sent again while the first is still being taken in is one event', async () => {
    const { deliver } = house;
    let free = () => {};
    const slow = new Promise<void>((done) => {
      free = done;
    });
    house.deliver = async (event) => slow.then(() => deliver(event));
    const first = post('action-execute');
    await new Promise((next) => setTimeout(next, 50));
    house.now += 20_000;
    const second = post('action-execute', again('f:sent-again'));
    await new Promise((next) => setTimeout(next, 50));
    free();
    await Promise.all([first, second]);
    expect(house.delivered).toHaveLength(1);
  });

  test('a tap that could not be taken in is taken in when it is sent again', async () => {
    const { deliver } = house;
    house.deliver = async () => Promise.reject(new Error('no Redis'));
    await post('action-execute');
    house.deliver = deliver;
    house.now += 15_000;
    await post('action-execute', again('f:sent-again'));
    expect(house.delivered).toHaveLength(1);
  });

  test('pressing the same button again later works', async () => {
    await post('action-execute');
    house.now += 10_000;
    await post('action-execute', again('f:later'));
    expect(house.delivered.map(({ id }) => id)).toEqual(['f:6b1b1f1a-86a3-4e2f-9b9a-7a8cf6f5d001', 'f:later']);
  });

  test('there and back again within a second works', async () => {
    const token = (name: string, id: string) => (activity: { id: string; value: unknown }) => {
      activity.id = id;
      activity.value = {
        action: { type: 'Action.Execute', verb: 'press', data: { refill: { kind: 'press', token: name } } },
      };
    };
    await post('action-execute', token('offers~a~1', 'f:1'));
    await post('action-execute', token('balance~a~0', 'f:2'));
    await post('action-execute', token('offers~a~1', 'f:3'));
    expect(house.delivered.map(({ id }) => id)).toEqual(['f:1', 'f:2', 'f:3']);
  });

  test('the same button on another card is another tap', async () => {
    await post('action-execute');
    await post('action-execute', (activity) => {
      activity.id = 'f:other';
      activity.replyToId = 'another card';
    });
    expect(house.delivered).toHaveLength(2);
  });

  test.each([
    ['no data', undefined],
    ['somebody else’s data', { action: { type: 'Action.Execute', data: { other: 1 } } }],
    ['a token of 10,000 characters', { action: { data: { refill: { kind: 'press', token: 'x'.repeat(10_000) } } } }],
    ['a token that is no text', { action: { data: { refill: { kind: 'press', token: { $gt: '' } } } } }],
  ])('a button with %s is answered with an error Teams shows, and does nothing', async (_, value) => {
    const { status, json } = await post('action-execute', (activity) => {
      activity.value = value;
    });
    expect({ status, json }).toMatchObject({
      status: 200,
      json: { statusCode: 400, type: 'application/vnd.microsoft.error' },
    });
    expect(house.delivered).toEqual([]);
  });
});

describe('coming and going', () => {
  test('adding the bot is a hello', async () => {
    await post('bot-added');
    expect(heard()).toMatchObject([{ kind: 'hello' }]);
  });

  test('Teams tells of one installation twice: one hello', async () => {
    await post('bot-added');
    await post('installation-add');
    expect(house.delivered).toHaveLength(1);
  });

  test('removing the app is an opt-out', async () => {
    await post('personal-message');
    await post('installation-remove');
    const [event] = house.delivered;
    expect(house.optedOut).toEqual([{ conversationId: event?.conversationId, how: 'teams:removed' }]);
    expect(house.delivered).toHaveLength(1);
  });

  test.each(['action-execute', 'personal-message'])('the bot does not answer itself: %s', async (name) => {
    await post(name, (activity) => {
      activity.from = activity.recipient;
    });
    expect(house.delivered).toEqual([]);
  });

  test.each([
    ['messageReaction', undefined],
    ['typing', undefined],
    ['endOfConversation', undefined],
    ['somethingNew', undefined],
    ['invoke', 'composeExtension/query'],
    ['event', 'application/vnd.microsoft.readReceipt'],
  ])('%s %s: 200, and a debug line without a word of the person’s', async (type, name) => {
    const { status } = await post('reaction', (activity) => Object.assign(activity, { type, name, text: 'secret' }));
    expect(status).toBe(200);
    expect(house.delivered).toEqual([]);
    expect(house.debugged).toEqual([[type, name].filter(Boolean).join(' ')]);
  });
});

describe.each(['channel-mention', 'group-chat-mention'])('in front of others: %s', (name) => {
  test('the question goes to the personal conversation, without the bot’s name', async () => {
    await post('personal-message');
    await post(name);
    const [personal, asked] = house.delivered;
    expect(asked?.conversationId).toBe(personal?.conversationId);
    expect(heard()[1]).toMatchObject({ text: name === 'channel-mention' ? 'balance please, Daniel' : 'balance' });
    expect(addressOf(1)).toEqual(addressOf(0));
  });

  test('the group hears where the answer is, and the answer goes to the personal chat', async () => {
    await house.answer(name, {
      language: 'en',
      direction: 'ltr',
      blocks: [{ type: 'text', text: 'You have RM 12.50' as never }],
      actions: [],
    });
    const { microsoft } = house;
    await until(() => microsoft.messages().length === 2);
    const said = Object.fromEntries(
      microsoft.messages().map((sent) => [sent.conversation, JSON.stringify(sent.activity)]),
    );
    const group = payload(microsoft, name).conversation.id;
    const chat = personalChat(payload(microsoft, name).from.id);
    expect(Object.keys(said).sort()).toEqual([group, chat].sort());
    expect(said[group]).toContain(WORDS.answeredInPrivate);
    expect(said[group]).not.toContain('12.50');
    expect(said[chat]).toContain('12.50');
    expect(microsoft.opened).toHaveLength(1);
    expect(microsoft.problems).toEqual([]);
  });

  test('without a personal chat the group hears how to get one, and nobody hears the answer', async () => {
    const { microsoft } = house;
    microsoft.unreachable.add(payload(microsoft, name).from.id);
    const message = {
      language: 'en',
      direction: 'ltr',
      blocks: [{ type: 'text', text: 'You have RM 12.50' as never }],
      actions: [],
    } as const;
    await expect(house.answer(name, message)).rejects.toMatchObject({ code: 'CHANNEL_REFUSED' });
    await until(() => microsoft.messages().length === 1);
    expect(microsoft.messages()[0]?.activity.text).toBe(WORDS.writeToMe);
    expect(JSON.stringify(microsoft.sent)).not.toContain('12.50');
  });

  test('the group hears it once, however often Teams delivers the question', async () => {
    await post(name);
    await post(name);
    await until(() => house.microsoft.messages().length === 1);
    await new Promise((next) => setTimeout(next, 50));
    expect(house.microsoft.messages()).toHaveLength(1);
  });

  test('what is not said to the bot is not heard', async () => {
    await post(name, (activity) => {
      activity.entities = [];
      activity.text = 'balance';
    });
    expect(house.delivered).toEqual([]);
  });
});

test('added to a team, the bot says where to talk to it', async () => {
  await post('bot-added-to-team');
  await until(() => house.microsoft.messages().length === 1);
  expect(house.microsoft.messages()[0]?.activity.text).toBe(WORDS.writeToMe);
  expect(house.delivered).toEqual([]);
});
