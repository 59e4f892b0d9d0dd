import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHttpOut } from '../../adapters/teams/http.js';
import { createTokens } from '../../adapters/teams/token.js';
import type { Outgoing } from '../../bot/channel.js';
import { wordsOf } from './card-rules.js';
import { type House, openHouse, payload, say, textMessage } from './house.js';
import { APP_ID, APP_PASSWORD, personalChat } from './microsoft.js';

let house: House;
beforeEach(async () => {
  house = await openHouse();
});
afterEach(async () => {
  expect(house.microsoft.problems).toEqual([]);
  await house.stop();
});

const CHAT = 'a:1pL6i0oY3C0K8oAj8aWT0iqdXQVqgmBAYJeKpYpMZnGiOZbFjBzVTPJTQCnOsXSA0';

const answer = (more: Partial<Outgoing> = {}, message = textMessage()) =>
  house.answer('personal-message', message, more);
const words = () =>
  house.microsoft.messages().map(({ activity }) => activity.text ?? wordsOf(activity.attachments[0].content)[0]);
/** What became of an answer: `sent`, or the code of the error. */
const outcome = (more?: Partial<Outgoing>) =>
  answer(more).then(
    () => 'sent',
    (error) => (error.retryAfterMs === undefined ? error.code : [error.code, error.retryAfterMs]),
  );
const error = (code: string, inner = {}) => ({ error: { code, message: 'x', ...inner } });

describe('answering', () => {
  test('a card in the personal chat, with a token of the app', async () => {
    await answer();
    const [sent] = house.microsoft.sent;
    expect(sent).toMatchObject({ method: 'POST', conversation: CHAT, path: `/v3/conversations/${CHAT}/activities` });
    expect(sent?.authorization).toMatch(/^Bearer token-botframework\.com-\d+$/);
    expect(sent?.activity).toMatchObject({
      type: 'message',
      from: { id: '28:11111111-2222-3333-4444-555555555555' },
      recipient: { id: expect.stringMatching(/^29:/) },
      conversation: { id: CHAT },
      summary: 'Your balance is RM 12.50',
      attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive' }],
    });
    expect(house.reports).toEqual(['sent']);
  });

  test('without credentials nothing is signed', async () => {
    await house.stop();
    house = await openHouse({ unauthenticated: true });
    await answer();
    expect(house.microsoft.sent[0]?.authorization).toBeUndefined();
  });

  test('an address that is none is refused', async () => {
    for (const address of ['', '{}', '{"serviceUrl":"file:///etc/passwd"}', 'x'.repeat(2000)]) {
      expect(await outcome({ address })).toBe('CHANNEL_REFUSED');
    }
  });

  test('the addresses it makes fit the contract', async () => {
    await answer();
    const [event] = house.delivered;
    expect(event !== undefined && 'from' in event && event.from.address.length).toBeLessThan(2000);
  });
});

describe('a message that is replaced', () => {
  test('the next one of its key takes its place, whatever else was said', async () => {
    await answer({ key: 'purchase:1' }, textMessage('Processing'));
    await answer({}, textMessage('Something else'));
    await answer({ key: 'purchase:1' }, textMessage('Receipt'));
    await answer({ key: 'purchase:2' }, textMessage('Another purchase'));
    const [first, , third, fourth] = house.microsoft.messages();
    expect(third).toMatchObject({ method: 'PUT', id: first?.id, conversation: CHAT });
    expect(fourth?.method).toBe('POST');
    expect(words()).toEqual(['Processing', 'Something else', 'Receipt', 'Another purchase']);
  });

  test('a turn that is run again edits what it sent before', async () => {
    await answer({ id: 'out-1', key: 'purchase:1' });
    await answer({ id: 'out-1', key: 'purchase:1' });
    expect(house.microsoft.messages().map(({ method }) => method)).toEqual(['POST', 'PUT']);
  });

  test('when the person deleted it, a new one is sent and replaced from then on', async () => {
    await answer({ key: 'purchase:1' });
    house.microsoft.fail({ status: 404, body: error('ActivityNotFoundInConversation') });
    await answer({ key: 'purchase:1' });
    await answer({ key: 'purchase:1' });
    const [, second, third] = house.microsoft.messages();
    expect([second?.method, third?.method]).toEqual(['POST', 'PUT']);
    expect(third?.id).toBe(second?.id);
  });
});

describe('the token', () => {
  const renewed = () => house.microsoft.tokenRequests;

  test('is asked for once, however many wait, and kept until shortly before its end', async () => {
    await Promise.all(Array.from({ length: 20 }, () => answer()));
    house.now += 54 * 60_000;
    await answer();
    expect(renewed()).toBe(1);
    house.now += 2 * 60_000;
    await answer();
    expect(renewed()).toBe(2);
  });

  test('that is no longer taken is replaced once for all who use it', async () => {
    await answer();
    house.microsoft.valid.clear();
    expect(await Promise.all(Array.from({ length: 20 }, () => outcome()))).toEqual(Array(20).fill('sent'));
    expect(renewed()).toBe(2);
  });

  test('that is new is kept, when an old one is refused late', async () => {
    const { microsoft } = house;
    const http = createHttpOut();
    const parts = {
      http,
      appId: APP_ID,
      appPassword: APP_PASSWORD,
      tenant: 'botframework.com',
      loginUrl: microsoft.url,
    };
    const tokens = createTokens({ ...parts, now: () => house.now, onRefused: () => undefined });
    const old = await tokens.get();
    tokens.drop(old);
    const current = await tokens.get();
    tokens.drop(old);
    expect(await tokens.get()).toBe(current);
    expect(renewed()).toBe(2);
    await http.close();
  });

  test('of a single-tenant app comes from its own tenant', async () => {
    await house.stop();
    house = await openHouse({ appType: 'SingleTenant', tenantId: '72f988bf-0000-4000-8000-00000000abcd' });
    await answer();
    expect(house.microsoft.sent[0]?.authorization).toContain('token-72f988bf-0000-4000-8000-00000000abcd-');
  });

  test('that cannot be had is asked for again a second later, and the message with it', async () => {
    house.microsoft.tokenFailures.push({ status: 503 });
    expect(await outcome()).toBe('CHANNEL_UNREACHABLE');
    expect(await outcome()).toBe('CHANNEL_UNREACHABLE');
    expect(renewed()).toBe(1);
    house.now += 1_000;
    expect(await outcome()).toBe('sent');
    expect(house.alerts).toEqual([]);
  });

  test('that is refused for a wrong password raises an alarm', async () => {
    await house.stop();
    house = await openHouse({ appPassword: 'a wrong one' });
    expect(await outcome()).toBe('CHANNEL_UNREACHABLE');
    expect(house.alerts).toEqual(['TEAMS_CREDENTIALS']);
  });

  test('that the connector keeps refusing raises an alarm, and the message is kept', async () => {
    const refusal = { status: 401, body: error('Unauthorized') };
    house.microsoft.fail(refusal, refusal);
    expect(await outcome()).toBe('CHANNEL_UNREACHABLE');
    expect(house.alerts).toEqual(['TEAMS_UNAUTHORIZED']);
  });
});

describe('when Teams says wait', () => {
  const slow = (seconds: string) => ({
    status: 429,
    headers: { 'retry-after': seconds },
    body: error('TooManyRequests'),
  });

  test('a short wait is sat out', async () => {
    house.microsoft.fail(slow('0.05'));
    expect(await outcome()).toBe('sent');
  });

  test('a longer one is for the conversation to wait out, and Teams is not asked before', async () => {
    house.microsoft.fail(slow('30'));
    const first = await outcome();
    expect(first).toEqual(['CHANNEL_BUSY', expect.any(Number)]);
    expect(first[1]).toBeGreaterThanOrEqual(30_000);
    expect(await outcome()).toEqual(['CHANNEL_BUSY', expect.any(Number)]);
    expect(house.microsoft.sent).toEqual([]);
    house.now += 40_000;
    expect(await outcome()).toBe('sent');
  });

  const toAnother = async (user: string) => {
    await answer();
    const event = house.delivered.at(-1);
    if (event === undefined || !('from' in event)) throw new Error('nothing came');
    const address = { ...JSON.parse(event.from.address), conversationId: `a:${user}`, userId: `29:${user}` };
    return JSON.stringify(address);
  };

  test('others go on meanwhile; once a second one is told to wait, the tenant’s limit is reached and all do', async () => {
    const [b, c] = [await toAnother('b'), await toAnother('c')];
    house.microsoft.fail(slow('30'));
    expect(await outcome()).toEqual(['CHANNEL_BUSY', expect.any(Number)]);
    expect(await outcome({ address: b })).toBe('sent');
    house.microsoft.fail(slow('30'));
    expect(await outcome({ address: b })).toEqual(['CHANNEL_BUSY', expect.any(Number)]);
    expect(await outcome({ address: c })).toEqual(['CHANNEL_BUSY', expect.any(Number)]);
    house.now += 40_000;
    expect(await outcome({ address: c })).toBe('sent');
  });

  test.each([412, 429])('%d without a time is a wait of about two seconds', async (status) => {
    house.microsoft.fail({ status });
    const [code, ms] = (await outcome()) as [string, number];
    expect(code).toBe('CHANNEL_BUSY');
    expect(ms).toBeGreaterThanOrEqual(2_000);
    expect(ms).toBeLessThan(2_500);
  });

  test.each([500, 502, 503, 504])('%d is trouble that passes', async (status) => {
    house.microsoft.fail({ status });
    expect(await outcome()).toBe('CHANNEL_UNREACHABLE');
    house.microsoft.fail({ status, headers: { 'retry-after': '5' } });
    expect(await outcome()).toEqual(['CHANNEL_BUSY', expect.any(Number)]);
    expect(await outcome()).toBe('sent');
  });
});

describe('when no answer comes', () => {
  const methods = () => house.microsoft.messages().map(({ method }) => method);

  test('to a new message, nobody knows whether Teams has it, and that is what is said', async () => {
    house.microsoft.loseAnswers = 1;
    expect(await outcome()).toBe('CHANNEL_SILENT');
    expect(methods()).toEqual(['POST']);
    house.microsoft.fail({ status: 200, reset: true });
    expect(await outcome()).toBe('CHANNEL_SILENT');
    expect(methods()).toEqual(['POST']);
    expect(house.reports).toEqual(['sent NO_ANSWER', 'sent NO_ANSWER']);
  });

  test('to a message that takes the place of another, it is sent again: that makes no second one', async () => {
    await answer({ key: 'purchase:1' }, textMessage('Processing'));
    house.microsoft.loseAnswers = 1;
    expect(await outcome({ key: 'purchase:1' })).toBe('CHANNEL_UNREACHABLE');
    expect(await outcome({ key: 'purchase:1' })).toBe('sent');
    expect(methods()).toEqual(['POST', 'PUT', 'PUT']);
  });

  test('because there was no connection, Teams has nothing', async () => {
    await answer();
    const { microsoft } = house;
    await microsoft.close();
    expect(await outcome()).toBe('CHANNEL_UNREACHABLE');
  });

  test('to the question for a token, Teams has nothing either', async () => {
    house.microsoft.tokenFailures.push({ status: 200, reset: true });
    expect(await outcome()).toBe('CHANNEL_UNREACHABLE');
    expect(methods()).toEqual([]);
  });

  test('from our own store when the message is out, it is not sent again', async () => {
    await house.stop();
    const refs = { get: async () => undefined, set: async () => Promise.reject(new Error('no Redis')) };
    house = await openHouse({ refs });
    expect(await outcome({ key: 'purchase:1' })).toBe('sent');
    expect(methods()).toEqual(['POST']);
  });
});

describe('when Teams says no', () => {
  test.each([
    [
      'blocked the bot',
      error('Forbidden', { innerHttpError: { statusCode: 403, body: { subCode: 'MessageWritesBlocked' } } }),
    ],
    [
      'blocked the bot, said in older words',
      { errorCode: 209, message: '{\r\n  "subCode": "MessageWritesBlocked",\r\n  "details": "x"\r\n}' },
    ],
    ['blocked the conversation', error('ConversationBlockedByUser')],
    ['removed the app', error('BotNotInConversationRoster')],
  ])('because the person %s, that is an opt-out', async (_, body) => {
    house.microsoft.fail({ status: 403, body });
    expect(await outcome()).toBe('CHANNEL_REFUSED');
    expect(house.optedOut).toEqual([
      { conversationId: house.delivered[0]?.conversationId, how: expect.stringMatching(/^teams:/) },
    ]);
    expect(house.alerts).toEqual([]);
  });

  test.each([
    [403, error('NotEnoughPermissions')],
    [405, undefined],
  ])('for a reason of the operator’s (%d), an alarm is raised and nobody is opted out', async (status, body) => {
    house.microsoft.fail({ status, body });
    expect(await outcome()).toBe('CHANNEL_REFUSED');
    expect(house.optedOut).toEqual([]);
    expect(house.alerts).toEqual(['TEAMS_REFUSED']);
  });

  test('because there is no such conversation, that is it', async () => {
    house.microsoft.fail({ status: 404, body: error('ConversationNotFound') });
    expect(await outcome()).toBe('CHANNEL_REFUSED');
    expect(house.optedOut).toEqual([]);
    expect(house.reports).toEqual(['failed ConversationNotFound']);
  });

  test.each([
    [413, error('MessageSizeTooBig')],
    [400, error('MessageSizeTooBig')],
    [400, error('BadSyntax')],
  ])('to a card (%d %o), the words alone are tried once', async (status, body) => {
    house.microsoft.fail({ status, body });
    expect(await outcome()).toBe('sent');
    expect(house.microsoft.messages().at(-1)?.activity).toMatchObject({
      textFormat: 'plain',
      text: 'Your balance is RM 12.50\n\n1. See offers',
    });
    house.microsoft.fail({ status, body }, { status, body });
    expect(await outcome()).toBe('CHANNEL_REFUSED');
  });

  test('errors hold neither token nor name nor text', async () => {
    house.microsoft.fail({ status: 403, body: error('Forbidden', { text: 'Your balance is RM 12.50' }) });
    const failure = await answer().catch((thrown) => thrown);
    const told = `${failure.message} ${failure.cause?.message} ${JSON.stringify(failure)} ${JSON.stringify(failure.cause)}`;
    expect(told).not.toMatch(/token-|12\.50|29:|a:1pL/);
  });
});

describe('a person met in a group only', () => {
  const toGroupAsker = (more: Partial<Outgoing> = {}) => house.answer('group-chat-mention', textMessage(), more);

  test('is answered in a personal chat that is opened once', async () => {
    await Promise.all([toGroupAsker(), toGroupAsker(), toGroupAsker()]);
    expect(house.microsoft.opened).toHaveLength(1);
    const cards = house.microsoft.messages().filter(({ activity }) => activity.attachments);
    expect(cards).toHaveLength(3);
    for (const { conversation } of cards) expect(conversation).toMatch(personalChat('29:'));
  });

  test.each([
    ['blocked the bot', 'blockers', 'MessageWritesBlocked'],
    ['has not got the app any more', 'unreachable', 'BotNotInConversationRoster'],
  ] as const)('who %s is not written to, and that is an opt-out', async (_, state, reason) => {
    house.microsoft[state].add(payload(house.microsoft, 'group-chat-mention').from.id);
    await expect(toGroupAsker()).rejects.toMatchObject({ code: 'CHANNEL_REFUSED', platformCode: reason });
    const { conversationId } = house.delivered[0] ?? {};
    expect(house.optedOut).toEqual([{ conversationId, how: `teams:${reason}` }]);
    expect([house.alerts, house.reports]).toEqual([[], [`failed ${reason}`]]);
  });

  test('whose chat is not opened for a reason of the operator’s is not opted out, and an alarm is raised', async () => {
    await house.post(payload(house.microsoft, 'personal-message'));
    const event = house.delivered[0];
    if (event === undefined || !('from' in event)) throw new Error('nothing came');
    const address = JSON.stringify({
      ...JSON.parse(event.from.address),
      conversationId: '',
      userId: '29:nobody-known',
    });
    house.microsoft.fail({ status: 403, body: error('NotEnoughPermissions') });
    expect(await outcome({ address })).toBe('CHANNEL_REFUSED');
    expect([house.optedOut, house.alerts]).toEqual([[], ['TEAMS_REFUSED']]);
  });

  test('waits when Teams has no time to open one', async () => {
    // Both the answer and the word in the group need it; they ask together.
    house.microsoft.fail({ status: 429, headers: { 'retry-after': '7' } });
    await expect(toGroupAsker()).rejects.toMatchObject({ code: 'CHANNEL_BUSY', retryAfterMs: 7_000 });
  });
});

test.each([
  ['personal-message', 1],
  ['group-chat-mention', 0],
])('typing is shown in the personal chat where there is one: %s', async (name, count) => {
  const activity = payload(house.microsoft, name);
  await house.post(activity);
  const event = house.delivered[0];
  if (event === undefined || !('from' in event)) throw new Error('nothing came');
  await house.channel.typing?.(event.conversationId, event.from.address, event.id);
  const typed = house.microsoft.sent.filter((sent) => sent.activity.type === 'typing');
  expect(typed.map(({ conversation }) => conversation)).toEqual(Array(count).fill(activity.conversation.id));
});

test('a message names its language', async () => {
  await answer(
    {},
    textMessage('بیلنس', {
      language: 'ur',
      direction: 'rtl',
      actions: [{ token: 't', label: say('مدد'), style: 'default' }],
    }),
  );
  const [sent] = house.microsoft.sent;
  expect(sent?.activity).toMatchObject({ locale: 'ur', attachments: [{ content: { lang: 'ur', rtl: true } }] });
});
