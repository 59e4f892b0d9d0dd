import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ChannelBusy, ChannelRefused, ChannelUnreachable } from '../../bot/channel.js';
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

describe('where a message goes', () => {
  test('direct messages are posts', async () => {
    await house.send(DM, message());
    const [call] = house.slack.sent;
    expect(call).toMatchObject({ method: 'chat.postMessage', token: 'xoxb-home-T1', body: { channel: 'D00000001' } });
    expect(call?.body.text).toBe('You have 100 MB left.');
  });

  test('in a thread one line is for all, the answer for one', async () => {
    await house.send(THREAD, message());
    await house.send(THREAD, message());
    expect(house.slack.sent.map(({ method, body }) => [method, body.thread_ts, body.user])).toEqual([
      ['chat.postMessage', THREAD.ts, undefined],
      ['chat.postEphemeral', THREAD.ts, 'U00000001'],
      ['chat.postEphemeral', THREAD.ts, 'U00000001'],
    ]);
    const shown = [...(house.slack.shown.get('C00000001')?.values() ?? [])];
    expect(shown).toEqual(['Only you can see my answer.']);
  });

  test('in a channel only the one who asked sees it', async () => {
    await house.send(CHANNEL, message());
    expect(house.slack.sent[0]).toMatchObject({
      method: 'chat.postEphemeral',
      body: { channel: 'C00000001', user: 'U00000001' },
    });
    expect(house.slack.shown.get('C00000001')?.size).toBe(0);
  });

  test.each(['channel_not_found', 'not_in_channel', 'user_not_in_channel'])(
    'where the app is not (%s), direct messages are as private; a press there is the same conversation, answered there',
    async (reason) => {
      house.slack.fail(reason);
      await house.send(CHANNEL, message({ actions: [{ token: 'a~b~0', label: 'Offers', style: 'default' }] }));
      const [call] = house.slack.sent;
      expect(call).toMatchObject({ method: 'chat.postMessage', body: { channel: 'U00000001' } });
      const { block_id, elements } = house.slack.last().body.blocks.at(-1);
      await house.post(
        asInteraction(payload('block-actions', (body) => Object.assign(body.actions[0], { block_id, ...elements[0] }))),
      );
      expect(house.delivered[0]).toMatchObject({
        conversationId: 'slack-U00000001-C00000001',
        from: { address: JSON.stringify({ ...DM, p: 'C00000001' }) },
      });
    },
  );

  test('a command given in a chat between two people is answered in the own direct messages', async () => {
    house.slack.fail('channel_not_found');
    await house.send(DM, message());
    expect(house.slack.sent[0]).toMatchObject({ body: { channel: 'U00000001' } });
  });

  test('App Home is redrawn', async () => {
    await house.send(HOME, message());
    expect(house.slack.sent[0]).toMatchObject({
      method: 'views.publish',
      body: { user_id: 'U00000001', view: { type: 'home' } },
    });
  });

  test('an address of somebody else is refused', async () => {
    await expect(house.send({ k: 'web' }, message())).rejects.toThrow(ChannelRefused);
    expect(house.slack.calls).toEqual([]);
  });
});

describe('the same thing again is the same message', () => {
  const about = { key: 'purchase:1', conversationId: 'slack-c' };

  test('"processing" becomes the receipt in place', async () => {
    await house.send(DM, message({ blocks: [{ type: 'text', text: 'Processing' }] }), about);
    await house.send(DM, message({ blocks: [{ type: 'text', text: 'Done' }] }), about);
    expect(methods()).toEqual(['chat.postMessage', 'chat.update']);
    expect([...(house.slack.shown.get('D00000001')?.values() ?? [])]).toEqual(['Done']);
  });

  test('another purchase is another message', async () => {
    await house.send(DM, message(), about);
    await house.send(DM, message(), { ...about, key: 'purchase:2' });
    expect(methods()).toEqual(['chat.postMessage', 'chat.postMessage']);
  });

  test.each(['message_not_found', 'edit_window_closed', 'cant_update_message'])(
    'where it cannot be edited (%s) it is said anew',
    async (reason) => {
      await house.send(DM, message(), about);
      house.slack.fail(reason);
      await house.send(DM, message(), about);
      expect(methods()).toEqual(['chat.postMessage', 'chat.update', 'chat.postMessage']);
    },
  );

  test('ephemeral messages cannot be edited: the next one follows', async () => {
    await house.send(CHANNEL, message(), about);
    await house.send(CHANNEL, message(), about);
    expect(methods()).toEqual(['chat.postEphemeral', 'chat.postEphemeral']);
  });

  test('an answer lost on the way: sent again, shown once', async () => {
    house.slack.fail({ reset: 'after' });
    await expect(house.send(DM, message(), { id: 'one' })).rejects.toThrow(ChannelUnreachable);
    await house.send(DM, message(), { id: 'one' });
    expect(house.slack.calls.map(({ body }) => body.client_msg_id)).toHaveLength(2);
    expect(house.slack.shown.get('D00000001')?.size).toBe(1);
  });

  test('two replies are two messages, however alike', async () => {
    await house.send(DM, message());
    await house.send(DM, message());
    expect(house.slack.shown.get('D00000001')?.size).toBe(2);
  });
});

describe('when Slack says no', () => {
  const busy = (seconds: number) => ({ status: 429, headers: { 'retry-after': String(seconds) } });

  const turnedAway = async (address: object) => {
    const error = await house.send(address, message()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ChannelBusy);
    return (error as ChannelBusy).retryAfterMs;
  };
  const of = (user: number) => ({ ...DM, c: `D${user}`, u: `U${user}` });

  test('429: this conversation waits as long as Slack says, others do not', async () => {
    house.slack.fail(busy(30));
    const left = await turnedAway(of(1));
    expect(left).toBeGreaterThan(29_000);
    expect(left).toBeLessThanOrEqual(30_000);
    await turnedAway(of(1));
    expect(house.slack.sent).toEqual([]);
    for (const user of [2, 3]) await house.send(of(user), message());
    expect(house.slack.sent.map(({ body }) => body.channel)).toEqual(['D2', 'D3']);
  });

  test('a second conversation turned away meanwhile: it is the workspace, and all of it waits', async () => {
    house.installed.set('T2', { teamId: 'T2', botToken: 'xoxb-2', botUserId: 'UBOT2' });
    house.slack.fail(busy(30), busy(20));
    await turnedAway(of(1));
    await turnedAway(of(2));
    expect(await turnedAway(of(3))).toBeLessThanOrEqual(20_000);
    expect(house.slack.sent).toEqual([]);
    await house.send({ ...DM, t: 'T2' }, message());
    await house.send(HOME, message());
    expect(methods()).toEqual(['chat.postMessage', 'views.publish']);
  });

  test('two messages of one conversation turned away at once say nothing about the workspace', async () => {
    house.slack.fail(busy(30), busy(30));
    await Promise.all([turnedAway(of(1)), turnedAway(of(1))]);
    await house.send(of(2), message());
    expect(house.slack.sent.map(({ body }) => body.channel)).toEqual(['D2']);
  });

  test('what Slack does not count by channel waits together', async () => {
    house.slack.fail(busy(30));
    await turnedAway(CHANNEL);
    await turnedAway({ ...CHANNEL, c: 'C2' });
    expect(methods()).toEqual([]);
    await house.send(DM, message());
    expect(methods()).toEqual(['chat.postMessage']);
  });

  test('a short wait is waited for', async () => {
    house.slack.fail(busy(1));
    await house.send(DM, message());
    expect(house.slack.sent).toHaveLength(1);
  });

  test('a short wait, and another: given back', async () => {
    house.slack.fail(busy(1), busy(1));
    await expect(house.send(DM, message())).rejects.toThrow(ChannelBusy);
  });

  test.each(['rate_limited', 'ratelimited'])('%s with status 200 is the same', async (reason) => {
    house.slack.fail(reason);
    await expect(house.send(DM, message())).rejects.toThrow(ChannelBusy);
  });

  test.each([
    ['a broken connection', { reset: 'before' as const }],
    ['500', { status: 500, body: 'oops' }],
    ['503 with an answer', { status: 503, body: '{"ok":false,"error":"service_unavailable"}' }],
    ['a page instead of an answer', { status: 200, body: '<html>' }],
    ['internal_error', 'internal_error'],
    ['fatal_error', 'fatal_error'],
  ])('%s: tried again later', async (_what, failure) => {
    house.slack.fail(failure);
    const error = await house.send(DM, message()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ChannelUnreachable);
    expect(error).not.toBeInstanceOf(ChannelBusy);
  });

  test.each(['is_archived', 'user_not_found', 'messages_tab_disabled'])(
    '%s: refused, and nobody is woken up',
    async (reason) => {
      house.slack.fail(reason);
      await expect(house.send(DM, message())).rejects.toThrow(ChannelRefused);
      expect(house.alerts).toEqual([]);
    },
  );

  test.each(['invalid_auth', 'missing_scope', 'invalid_arguments', 'something_new'])(
    '%s: refused, and an alert',
    async (reason) => {
      house.slack.fail(reason);
      await expect(house.send(DM, message())).rejects.toThrow(ChannelRefused);
      expect(house.alerts).toEqual([reason]);
    },
  );

  test.each(['token_revoked', 'account_inactive'])('%s: the installation is forgotten', async (reason) => {
    house.installed.set('T2', { teamId: 'T2', botToken: 'xoxb-2', botUserId: 'UBOT2' });
    house.slack.fail(reason);
    await expect(house.send({ ...DM, t: 'T2' }, message())).rejects.toThrow(ChannelRefused);
    expect(house.installed.size).toBe(0);
    expect(house.alerts).toEqual([reason]);
  });

  test.each(['token_revoked', 'account_inactive'])(
    '%s of a token that was replaced: sent with the new one',
    async (reason) => {
      const installation = { teamId: 'T2', botToken: 'xoxb-2', botUserId: 'UBOT2' };
      house.installed.set('T2', installation);
      await house.send({ ...DM, t: 'T2' }, message());
      // Removed and installed again, at another process.
      house.installed.set('T2', { ...installation, botToken: 'xoxb-3' });
      house.slack.fail(reason);
      await house.send({ ...DM, t: 'T2' }, message());
      await house.send({ ...DM, t: 'T2' }, message());
      expect(house.slack.sent.map(({ token }) => token)).toEqual(['xoxb-2', 'xoxb-3', 'xoxb-3']);
      expect(house.installed.get('T2')?.botToken).toBe('xoxb-3');
      expect(house.alerts).toEqual([]);
    },
  );

  test('the new token is dead as well: refused after one more try', async () => {
    const installation = { teamId: 'T2', botToken: 'xoxb-2', botUserId: 'UBOT2' };
    house.installed.set('T2', installation);
    await house.send({ ...DM, t: 'T2' }, message());
    house.installed.set('T2', { ...installation, botToken: 'xoxb-3' });
    house.slack.fail('account_inactive', 'account_inactive');
    await expect(house.send({ ...DM, t: 'T2' }, message())).rejects.toThrow(ChannelRefused);
    expect(house.slack.calls).toHaveLength(3);
    expect(house.alerts).toEqual(['account_inactive']);
  });

  test('a dead token whose workspace is not to be found out about: tried again later', async () => {
    const other = await openHouse({
      installations: {
        save: async () => undefined,
        find: async (teamId) => {
          if (other.slack.calls.length > 0) throw new ChannelUnreachable('no store');
          return { teamId, botToken: 'xoxb-2', botUserId: 'UBOT2' };
        },
        drop: async () => undefined,
        remove: async () => true,
      },
    });
    other.slack.fail('account_inactive');
    await expect(other.send({ ...DM, t: 'T2' }, message())).rejects.toThrow('no store');
    expect(other.alerts).toEqual([]);
    await other.stop();
  });

  test('an address that is not on the list of a workspace costs it no installation', async () => {
    house.installed.set('T2', { teamId: 'T2', botToken: 'xoxb-2', botUserId: 'UBOT2' });
    house.slack.fail('invalid_auth');
    await expect(house.send({ ...DM, t: 'T2' }, message())).rejects.toThrow(ChannelRefused);
    expect(house.installed.size).toBe(1);
  });

  test.each(['msg_too_long', 'msg_blocks_too_long', 'invalid_blocks'])('%s: said shorter, once', async (reason) => {
    const offer = { title: 'Super 10 GB', price: 'RM 5.00', facts: [], description: 'x'.repeat(500), action: 0 };
    const parts = {
      blocks: [{ type: 'offers', offers: [offer] }],
      actions: [{ token: 'a~b~0', label: 'Super 10 GB · RM 5.00', style: 'default' }],
    };
    house.slack.fail(reason);
    await house.send(DM, message(parts));
    expect(house.slack.calls).toHaveLength(2);
    expect(house.slack.sent[0]?.body.blocks[0].text.text).toBe('1. Super 10 GB – RM 5.00');
    house.slack.fail(reason, reason);
    await expect(house.send(DM, message(parts))).rejects.toThrow(ChannelRefused);
    expect(house.slack.calls).toHaveLength(4);
  });

  test('no error holds a token or a word that was said', async () => {
    house.slack.fail('invalid_auth');
    const error = (await house.send(DM, message()).catch((thrown: unknown) => thrown)) as Error;
    const told = `${error.message} ${error.stack} ${(error.cause as Error).message}`;
    expect(told).not.toMatch(/xoxb|100 MB|U00000001|D00000001/);
  });
});

describe('which workspace', () => {
  test('an installed workspace has its own token, the home workspace ours', async () => {
    house.installed.set('T2', { teamId: 'T2', botToken: 'xoxb-2', botUserId: 'UBOT2' });
    await house.send({ ...DM, t: 'T2' }, message());
    await house.send(DM, message());
    expect(house.slack.sent.map(({ token }) => token)).toEqual(['xoxb-2', 'xoxb-home-T1']);
  });

  test('one without either is refused', async () => {
    const other = await openHouse({ botToken: '', oauth: { clientId: 'c', clientSecret: 's' } });
    await expect(other.send(DM, message())).rejects.toThrow(ChannelRefused);
    await other.stop();
  });

  test('the store is asked once a minute, not at every message', async () => {
    let asked = 0;
    const other = await openHouse({
      installations: {
        save: async () => undefined,
        drop: async () => undefined,
        remove: async () => true,
        find: async () => {
          asked += 1;
          return undefined;
        },
      },
    });
    for (let sends = 0; sends < 5; sends++) await other.send(DM, message());
    expect(asked).toBe(1);
    await other.stop();
  });
});

describe('forms', () => {
  const form = {
    token: 'top-up~AbCd12~form',
    title: 'Top up & go <now>, with a title that is too long for a modal',
    open: 'Enter the code',
    submit: 'Top up',
    fields: [
      { name: 'voucher', kind: 'text', label: 'Code on the card' },
      { name: 'number', kind: 'phone', label: 'Número' },
    ],
  };

  async function pressOpen(parts: object = {}) {
    await house.send(DM, message({ form }));
    const { block_id, elements } = house.slack.last().body.blocks.at(-1);
    const press = payload('block-actions', (body) => {
      Object.assign(body.actions[0], { block_id, action_id: elements[0].action_id, value: elements[0].value });
      Object.assign(body, parts);
    });
    return house.post(asInteraction(press));
  }

  test('the button opens the modal, and what is filled in comes back to the same conversation', async () => {
    expect((await pressOpen()).status).toBe(200);
    const opened = house.slack.last();
    expect(opened).toMatchObject({ method: 'views.open', body: { trigger_id: '111.222.press' } });
    expect(house.delivered).toEqual([]);
    const { private_metadata, title, blocks } = opened.body.view;
    expect(title.text.startsWith('Top up & go <now>')).toBe(true);
    expect(blocks.map((block: { label: { text: string } }) => block.label.text)).toEqual([
      'Code on the card',
      'Número',
    ]);
    await house.post(
      asInteraction(payload('view-submission', (body) => Object.assign(body.view, { private_metadata }))),
    );
    expect(house.delivered[0]).toMatchObject({
      kind: 'form',
      token: form.token,
      conversationId: 'slack-U00000001-',
      from: { address: JSON.stringify(DM) },
    });
  });

  test('a modal that cannot be opened is no error: typing works', async () => {
    await house.send(DM, message({ form }));
    house.slack.fail('expired_trigger_id');
    const sentBefore = house.slack.sent.length;
    const { block_id, elements } = house.slack.last().body.blocks.at(-1);
    const press = payload('block-actions', (body) => Object.assign(body.actions[0], { block_id, ...elements[0] }));
    expect((await house.post(asInteraction(press))).status).toBe(200);
    expect(house.slack.sent).toHaveLength(sentBefore);
    expect(house.debugged).toEqual([expect.stringContaining('expired_trigger_id')]);
  });

  test('a form too large for a button has none', async () => {
    const fields = Array.from({ length: 60 }, (_, index) => ({ name: `f${index}`, kind: 'text', label: 'x' }));
    await house.send(DM, message({ form: { ...form, fields } }));
    expect(JSON.stringify(house.slack.sent[0]?.body)).not.toContain('"form"');
  });
});
