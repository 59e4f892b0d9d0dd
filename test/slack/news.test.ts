import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ChannelRefused, ChannelUnreachable } from '../../bot/channel.js';
import { asInteraction, CHANNEL, DM, HOME, type House, message, openHouse, payload, THREAD } from './house.js';

let house: House;
beforeEach(async () => {
  house = await openHouse();
});
afterEach(async () => {
  const { problems } = house.slack;
  await house.stop();
  expect(problems).toEqual([]);
});

const methods = () => house.slack.calls.map(({ method }) => method);
const inDirectMessages = () => [...(house.slack.shown.get('D00000001')?.values() ?? [])];
const news = { unprompted: true, key: 'purchase:1', conversationId: 'slack-c' } as const;
const says = (text: string) => message({ blocks: [{ type: 'text', text }] });
const buttons = { actions: [{ token: 'a~b~0', label: 'Offers', style: 'default' }] };

describe('news that nobody waits for', () => {
  test.each([
    ['a channel', CHANNEL],
    ['a thread', THREAD],
    ['App Home', HOME],
  ])('of a conversation in %s stands in direct messages, for when its user is back', async (_place, address) => {
    await house.send(address, says('Your plan is active'), { unprompted: true });
    expect(methods()).toEqual(['chat.postMessage']);
    expect(house.slack.sent[0]?.body).toMatchObject({ channel: 'U00000001' });
    expect(inDirectMessages()).toEqual(['Your plan is active']);
  });

  test('what was asked for is still answered where it was asked', async () => {
    await house.send(CHANNEL, says('On its way'), { key: news.key, conversationId: news.conversationId });
    await house.send(CHANNEL, says('Done'), news);
    await house.send(CHANNEL, says('You have 1 GB'));
    expect(methods()).toEqual(['chat.postEphemeral', 'chat.postMessage', 'chat.postEphemeral']);
  });

  test('each piece is a message of its own: an edit would not be marked as unread', async () => {
    await house.send(CHANNEL, says('Still checking'), news);
    await house.send(CHANNEL, says('Done'), news);
    expect(inDirectMessages()).toEqual(['Still checking', 'Done']);
    await house.send(CHANNEL, says('It is done'), { key: news.key, conversationId: news.conversationId });
    expect(methods()).toEqual(['chat.postMessage', 'chat.postMessage', 'chat.postEphemeral']);
  });

  test('in direct messages "on its way" still becomes the receipt in place', async () => {
    await house.send(DM, says('On its way'), { key: news.key, conversationId: news.conversationId });
    await house.send(DM, says('Done'), news);
    expect(inDirectMessages()).toEqual(['Done']);
  });

  test('an order from App Home: the receipt in direct messages, and the page does not say "on its way" any more', async () => {
    await house.send(HOME, says('Done'), news);
    expect(methods()).toEqual(['chat.postMessage', 'views.publish']);
    house.slack.fail({ status: 200, body: '{"ok":true}' }, 'internal_error');
    await house.send(HOME, says('Done'), news);
  });

  test('its answer lost on the way: sent again, shown once', async () => {
    house.slack.fail({ reset: 'after' });
    await expect(house.send(CHANNEL, says('Done'), { ...news, id: 'one' })).rejects.toThrow(ChannelUnreachable);
    await house.send(CHANNEL, says('Done'), { ...news, id: 'one' });
    expect(inDirectMessages()).toEqual(['Done']);
  });

  test.each(['messages_tab_disabled', 'channel_not_found'])(
    'where direct messages are not taken (%s) it is said in the channel, to its user alone',
    async (reason) => {
      house.slack.fail(reason);
      await house.send(CHANNEL, says('Done'), news);
      expect(house.slack.sent.map(({ method, body }) => [method, body.user])).toEqual([
        ['chat.postEphemeral', 'U00000001'],
      ]);
    },
  );

  test('where nothing is taken at all it is refused', async () => {
    house.slack.fail('user_disabled', 'user_not_in_channel', 'user_disabled');
    await expect(house.send(CHANNEL, says('Done'), news)).rejects.toThrow(ChannelRefused);
    expect(house.slack.sent).toEqual([]);
  });
});

describe('a press on news in direct messages', () => {
  async function pressed(address: object) {
    await house.send(address, message(buttons), { unprompted: true });
    const { block_id, elements } = house.slack.last().body.blocks.at(-1);
    await house.post(
      asInteraction(payload('block-actions', (body) => Object.assign(body.actions[0], { block_id, ...elements[0] }))),
    );
    const event = house.delivered.at(-1);
    if (event === undefined || !('from' in event)) throw new Error('nothing was delivered');
    return event;
  }

  test.each([
    ['C00000001:1795254300.000200', THREAD],
    ['C00000001', CHANNEL],
    ['home', HOME],
  ])('belongs to the conversation it is news of (%s), and is answered where it was pressed', async (place, address) => {
    const { conversationId, from } = await pressed(address);
    expect(conversationId).toBe(`slack-U00000001-${place}`);
    expect(from.shared).toBeUndefined();
    await house.send(JSON.parse(from.address), message(buttons));
    const { method, body } = house.slack.last();
    expect([method, body.channel]).toEqual(['chat.postMessage', 'D00000001']);
    expect(body.blocks.at(-1).block_id.endsWith(`~${place}`)).toBe(true);
  });

  test('a form opened from it comes back to the same conversation, answered there too', async () => {
    const form = {
      token: 'top-up~AbCd12~form',
      title: 'Top up',
      open: 'Enter the code',
      submit: 'Top up',
      fields: [{ name: 'voucher', kind: 'text', label: 'Code on the card' }],
    };
    await house.send(CHANNEL, message({ form }), { unprompted: true });
    const { block_id, elements } = house.slack.last().body.blocks.at(-1);
    const press = payload('block-actions', (body) => Object.assign(body.actions[0], { block_id, ...elements[0] }));
    await house.post(asInteraction(press));
    const { private_metadata } = house.slack.last().body.view;
    await house.post(
      asInteraction(payload('view-submission', (body) => Object.assign(body.view, { private_metadata }))),
    );
    expect(house.delivered).toMatchObject([
      {
        kind: 'form',
        conversationId: 'slack-U00000001-C00000001',
        from: { address: JSON.stringify({ ...DM, p: 'C00000001' }) },
      },
    ]);
  });
});

describe('what is typed in direct messages', () => {
  const typed = async (text: string, ts: string) => {
    await house.post(
      payload('message-im', (body) => {
        body.event_id = `Ev-${text}`;
        Object.assign(body.event, { text, ts });
      }),
    );
    const event = house.delivered.at(-1);
    if (event === undefined || !('from' in event)) throw new Error('nothing was delivered');
    return [event.conversationId, JSON.parse(event.from.address)];
  };
  const own = ['slack-U00000001-', DM];
  const ofChannel = ['slack-U00000001-C00000001', { ...DM, p: 'C00000001' }];
  const tell = (address: object, conversationId: string) =>
    house.send(address, message(buttons), { unprompted: true, conversationId });
  const [before, after] = ['1795254200.000000', '1795254300.000000'];

  test('is said to whoever spoke there last: "stop" after an alert is about that alert', async () => {
    expect(await typed('hello', before)).toEqual(own);
    await tell(CHANNEL, 'slack-U00000001-C00000001');
    expect(await typed('stop', after)).toEqual(ofChannel);
    expect(await typed('2', after)).toEqual(ofChannel);
    await tell(DM, 'slack-U00000001-');
    expect(await typed('1', after)).toEqual(own);
  });

  test('before the news came is no answer to it', async () => {
    await tell(CHANNEL, 'slack-U00000001-C00000001');
    expect(await typed('1', before)).toEqual(own);
  });

  test('after a press on a message of their own is said to their own conversation again', async () => {
    await tell(CHANNEL, 'slack-U00000001-C00000001');
    await house.post(asInteraction(payload('block-actions')));
    expect(await typed('2', after)).toEqual(own);
  });

  test.each([
    ['a press on a message of their own', () => house.post(asInteraction(payload('block-actions')))],
    ['news of another conversation', () => tell(THREAD, 'slack-U00000001-thread')],
  ])('goes where it went at first when Slack sends it again, after %s', async (_what, happens) => {
    await tell(CHANNEL, 'slack-U00000001-C00000001');
    expect(await typed('2', after)).toEqual(ofChannel);
    await happens();
    const before = house.delivered.length;
    await typed('2', after);
    expect(house.delivered).toHaveLength(before);
    // What is typed next is said to whoever spoke last, whatever was sent again.
    expect(await typed('stop', '1795254301.000000')).not.toEqual(ofChannel);
  });

  test('to their own conversation goes there again, whoever spoke in the meantime', async () => {
    expect(await typed('2', after)).toEqual(own);
    // By Slack's clock before the text, and noted after it.
    await tell(CHANNEL, 'slack-U00000001-C00000001');
    await typed('2', after);
    expect(house.delivered).toHaveLength(1);
  });

  test('by somebody else is not touched by it', async () => {
    await tell({ ...CHANNEL, u: 'U00000002' }, 'slack-U00000002-C00000001');
    expect(await typed('stop', after)).toEqual(own);
  });

  test('is heard all the same when nobody knows who spoke last', async () => {
    await house.stop();
    house = await openHouse({
      refs: { get: () => Promise.reject(new Error('no store')), set: () => Promise.reject(new Error('no store')) },
    });
    await tell(CHANNEL, 'slack-U00000001-C00000001');
    expect(await typed('stop', after)).toEqual(own);
  });
});
