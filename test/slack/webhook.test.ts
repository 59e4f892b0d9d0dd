import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createSlackChannel } from '../../adapters/slack/index.js';
import { createPauses } from '../../bot/pauses.js';
import { asForm, asInteraction, DM, type House, openHouse, payload, sign } from './house.js';

let house: House;
beforeEach(async () => {
  house = await openHouse();
});
afterEach(() => house.stop());

const seconds = () => Math.floor(house.now / 1000);

describe('a request is from Slack, or it is nothing', () => {
  const body = () => JSON.stringify(payload('message-im'));

  async function refused(text: string, headers: Record<string, string>) {
    const answer = await house.http.inject({
      method: 'POST',
      url: '/slack/events',
      payload: text,
      headers: { 'content-type': 'application/json', ...headers },
    });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(house.delivered).toEqual([]);
    expect(house.slack.calls).toEqual([]);
  }

  test('unsigned', () => refused(body(), {}));
  test('signed with another secret', () => refused(body(), sign(body(), seconds(), 'another secret')));
  test('with the signature of another body', () => refused(body(), sign(`${body()} `, seconds())));
  test('parsed and written again', () => refused(JSON.stringify(JSON.parse(body()), null, 1), sign(body(), seconds())));
  test('replayed after five minutes', () => refused(body(), sign(body(), seconds() - 301)));
  test('dated more than a minute ahead', () => refused(body(), sign(body(), seconds() + 61)));
  test('with a timestamp that was not signed', () =>
    refused(body(), { ...sign(body(), seconds() - 100), 'x-slack-request-timestamp': String(seconds()) }));
  test('with a timestamp that is no number', () =>
    refused(body(), { ...sign(body(), seconds()), 'x-slack-request-timestamp': 'NaN' }));
  test('with a signature of another length', () =>
    refused(body(), { ...sign(body(), seconds()), 'x-slack-signature': 'v0=1' }));
  test('with another version of the signature', () => {
    const headers = sign(body(), seconds());
    return refused(body(), {
      ...headers,
      'x-slack-signature': (headers['x-slack-signature'] ?? '').replace('v0', 'v1'),
    });
  });
  test('an empty body', () => refused('', sign('x', seconds())));
  test('asking for the challenge', () => refused(JSON.stringify(payload('url-verification')), {}));

  test.each([0, 299, -59])('taken when it is %d seconds old', async (age) => {
    const answer = await house.post(payload('message-im'), sign(body(), seconds() - age));
    expect(answer.status).toBe(200);
    expect(house.delivered).toHaveLength(1);
  });

  test('a channel without a secret, or without a way to answer, cannot be made', () => {
    const parts = { refs: { get: async () => undefined, set: async () => undefined }, pauses: createPauses() };
    const make = (settings: object) =>
      createSlackChannel({
        signingSecret: 'x',
        botToken: 'xoxb-1',
        words: () => ({ privately: '' }),
        conversationIdOf: () => 'c',
        ...parts,
        ...settings,
      });
    expect(() => make({ signingSecret: '' })).toThrow(expect.objectContaining({ code: 'SLACK_SETTINGS_INCOMPLETE' }));
    expect(() => make({ botToken: '' })).toThrow(expect.objectContaining({ code: 'SLACK_SETTINGS_INCOMPLETE' }));
    expect(() => make({ oauth: { clientId: 'c', clientSecret: 's' } })).toThrow(
      expect.objectContaining({ code: 'SLACK_SETTINGS_INCOMPLETE' }),
    );
  });
});

describe('what Slack does not understand itself is refused for good', () => {
  test.each([
    ['no JSON', '{"type":'],
    ['not an object', '[1]'],
    ['an event without an id', JSON.stringify(payload('message-im', (body) => delete body.event_id))],
    ['an event without a kind', JSON.stringify(payload('message-im', (body) => delete body.event.type))],
    ['a message without a channel', JSON.stringify(payload('message-im', (body) => delete body.event.channel))],
    ['a body that says not what it is', '{"hello":"there"}'],
  ])('%s', async (_what, text) => {
    const answer = await house.http.inject({
      method: 'POST',
      url: '/slack/events',
      payload: text,
      headers: { 'content-type': 'application/json', ...sign(text, seconds()) },
    });
    expect(answer.statusCode).toBe(400);
    expect(answer.headers['x-slack-no-retry']).toBe('1');
    expect(house.delivered).toEqual([]);
  });

  test('a press without a user', async () => {
    const answer = await house.post(asInteraction(payload('block-actions', (body) => delete body.user)));
    expect(answer).toMatchObject({ status: 400, headers: { 'x-slack-no-retry': '1' } });
  });
});

describe('what Slack sends becomes events', () => {
  test('a direct message', async () => {
    expect(await house.post(payload('message-im'))).toMatchObject({ status: 200, body: '' });
    expect(house.delivered).toEqual([
      {
        id: 'Ev00000001',
        at: house.now,
        kind: 'text',
        text: 'what is left & what can I buy?',
        conversationId: 'slack-U00000001-',
        from: { channel: 'slack', workspace: 'T1', user: 'U00000001', address: JSON.stringify(DM) },
      },
    ]);
  });

  test('Slack sends the same three times: one event', async () => {
    for (const retry of ['0', '1', '2']) {
      expect((await house.post(payload('message-im'), { 'x-slack-retry-num': retry })).status).toBe(200);
    }
    expect(house.delivered.map(({ id }) => id)).toEqual(['Ev00000001']);
  });

  test('the address stays the same from message to message', async () => {
    await house.post(payload('message-im'));
    await house.post(
      payload('message-im', (body) => {
        body.event_id = 'Ev2';
        body.event.ts = '1795254299.000100';
        body.event.thread_ts = '1795254258.000100';
      }),
    );
    await house.post(asInteraction(payload('block-actions')));
    await house.post(asInteraction(payload('view-submission')));
    expect(house.delivered).toHaveLength(4);
    expect(new Set(house.delivered.map((event) => 'from' in event && event.from.address)).size).toBe(1);
  });

  test.each([
    ['our own messages', { user: 'UBOT' }],
    ['other bots', { bot_id: 'B9' }],
    ['edits', { subtype: 'message_changed' }],
    ['deletions', { subtype: 'message_deleted' }],
    ['Slackbot', { user: 'USLACKBOT' }],
    ['messages in channels', { channel_type: 'channel', channel: 'C1' }],
    ['messages in channels that do not say so', { channel_type: undefined, channel: 'C1' }],
  ])('nothing comes of %s', async (_what, change) => {
    const answer = await house.post(payload('message-im', (body) => Object.assign(body.event, change)));
    expect(answer.status).toBe(200);
    expect(house.delivered).toEqual([]);
    expect(house.debugged).toEqual(['ignored: message']);
  });

  test.each([undefined, null])('a direct message that says so by its channel alone (channel_type %s)', async (kind) => {
    await house.post(payload('message-im', (body) => Object.assign(body.event, { channel_type: kind })));
    expect(house.delivered).toMatchObject([{ kind: 'text', from: { user: 'U00000001' } }]);
  });

  test('links, numbers and mentions come as they were typed', async () => {
    await house.post(
      payload('message-im', (body) => {
        body.event.text =
          'call <tel:+4790000000|+47 900 00 000> &lt;now&gt; see <https://telco.example|telco.example> <@UBOT> <@U7>';
      }),
    );
    expect(house.delivered[0]).toMatchObject({ text: 'call +47 900 00 000 <now> see telco.example   @U7' });
  });

  test('a mention, to be answered in its thread', async () => {
    await house.post(payload('app-mention'));
    expect(house.delivered[0]).toMatchObject({
      kind: 'text',
      text: 'balance',
      conversationId: 'slack-U00000001-C00000001:1795254300.000200',
      from: {
        address: JSON.stringify({ k: 'thread', t: 'T1', u: 'U00000001', c: 'C00000001', ts: '1795254300.000200' }),
      },
    });
  });

  test('a mention further down the thread belongs to the same conversation', async () => {
    await house.post(payload('app-mention'));
    await house.post(
      payload('app-mention', (body) => {
        body.event_id = 'Ev9';
        Object.assign(body.event, { ts: '1795254399.000200', thread_ts: '1795254300.000200', text: '<@UBOT>' });
      }),
    );
    const [first, second] = house.delivered;
    expect(second).toMatchObject({ kind: 'hello', conversationId: first?.conversationId });
  });

  test('a command, answered to one person in the channel', async () => {
    const answer = await house.post(asForm(payload('slash-command')));
    expect(answer).toMatchObject({ status: 200, body: '' });
    expect(house.delivered[0]).toMatchObject({
      id: '111.222.command',
      kind: 'text',
      text: 'offers',
      conversationId: 'slack-U00000001-C00000001',
      from: { address: JSON.stringify({ k: 'channel', t: 'T1', u: 'U00000001', c: 'C00000001' }) },
    });
  });

  test('a command in direct messages belongs to them; one without words is a hello', async () => {
    const change = { channel_id: 'D00000001', channel_name: 'directmessage', text: '' };
    await house.post(asForm(payload('slash-command', (body) => Object.assign(body, change))));
    expect(house.delivered[0]).toMatchObject({ kind: 'hello', conversationId: 'slack-U00000001-' });
  });

  test('a pressed button', async () => {
    const answer = await house.post(asInteraction(payload('block-actions')));
    expect(answer).toMatchObject({ status: 200, body: '' });
    expect(house.delivered[0]).toMatchObject({
      id: '111.222.press',
      kind: 'press',
      token: 'offers~AbCd12~0',
      conversationId: 'slack-U00000001-',
    });
  });

  test('a press on an ephemeral message in a thread, which does not say in which', async () => {
    const body = payload('block-actions', (body) => {
      body.channel = { id: 'C00000001', name: 'general' };
      body.container = { type: 'message', message_ts: '1', channel_id: 'C00000001', is_ephemeral: true };
      delete body.message;
      body.actions[0].block_id = 'reply.1~C00000001:1795254300.000200';
    });
    await house.post(asInteraction(body));
    expect(house.delivered[0]).toMatchObject({ conversationId: 'slack-U00000001-C00000001:1795254300.000200' });
  });

  test('somebody else presses the button: it is theirs, and shows nothing of the first', async () => {
    const body = payload('block-actions', (body) => {
      body.user.id = 'U00000002';
      body.channel = { id: 'C00000001', name: 'general' };
      body.actions[0].block_id = 'reply.1~C00000001:1795254300.000200';
    });
    await house.post(asInteraction(body));
    const [event] = house.delivered;
    expect(event).toMatchObject({
      conversationId: 'slack-U00000002-C00000001:1795254300.000200',
      from: { user: 'U00000002' },
    });
    expect(JSON.stringify(event)).not.toContain('U00000001');
  });

  test('a press on a link, which opens by itself', async () => {
    const answer = await house.post(asInteraction(payload('block-actions', (body) => delete body.actions[0].value)));
    expect(answer.status).toBe(200);
    expect(house.delivered).toEqual([]);
  });

  test('App Home opened, and a button pressed there', async () => {
    await house.post(payload('app-home-opened'));
    await house.post(asInteraction(payload('block-actions-home')));
    const address = JSON.stringify({ k: 'home', t: 'T1', u: 'U00000001' });
    expect(house.delivered).toMatchObject([
      { id: 'Ev00000003', kind: 'press', token: 'home', conversationId: 'slack-U00000001-home', from: { address } },
      { kind: 'press', token: 'offers~AbCd12~0', conversationId: 'slack-U00000001-home', from: { address } },
    ]);
  });

  test('the messages tab says nothing by itself', async () => {
    await house.post(payload('app-home-opened', (body) => Object.assign(body.event, { tab: 'messages' })));
    expect(house.delivered).toEqual([]);
  });

  test('a submitted form, whose modal is closed', async () => {
    const answer = await house.post(asInteraction(payload('view-submission')));
    expect(JSON.parse(answer.body)).toEqual({ response_action: 'clear' });
    expect(house.delivered[0]).toMatchObject({
      id: 'V00000002:1795254260.abcdef',
      kind: 'form',
      token: 'top-up~AbCd12~form',
      values: { voucher: '1234-5678', number: '' },
      conversationId: 'slack-U00000001-',
    });
  });

  test('the challenge is returned', async () => {
    const answer = await house.post(payload('url-verification'));
    expect(JSON.parse(answer.body)).toEqual({ challenge: payload('url-verification').challenge });
  });

  test.each([
    ['event', { ...payload('message-im'), event: { type: 'channel_rename', channel: {} } }],
    ['body', { type: 'something_new' }],
  ])('an unknown %s is acknowledged and noted', async (_what, body) => {
    expect((await house.post(body)).status).toBe(200);
    expect(house.delivered).toEqual([]);
    expect(house.debugged).toHaveLength(1);
  });

  test.each(['view_closed', 'shortcut', 'message_action'])('so is an unknown interaction: %s', async (type) => {
    expect((await house.post(asInteraction({ type }))).status).toBe(200);
    expect(house.debugged).toEqual([`ignored: ${type}`]);
  });

  test("Slack's check of the certificate", async () => {
    expect((await house.post(asForm({ ssl_check: '1', token: 'x' }))).status).toBe(200);
  });

  test('events dropped by Slack are an alert', async () => {
    await house.post(payload('app-rate-limited'));
    expect(house.alerts).toEqual(['app_rate_limited']);
  });

  test.each(['app-uninstalled', 'tokens-revoked'])(
    '%s: the token is forgotten, somebody is told, and nobody there gets alerts any more',
    async (name) => {
      house.installed.set('T2', { teamId: 'T2', botToken: 'xoxb-2', botUserId: 'UBOT2' });
      expect((await house.post(payload(name))).status).toBe(200);
      expect(house.installed.size).toBe(0);
      expect(house.alerts).toEqual([name.replace('-', '_')]);
      expect(house.left).toEqual([`slack T2 slack:${name.replace('-', '_')}`]);
    },
  );

  test.each(['app-uninstalled', 'tokens-revoked'])(
    '%s that comes after the app was installed again is nothing to the new installation',
    async (name) => {
      const left = payload(name);
      house.installed.set('T2', { teamId: 'T2', botToken: 'xoxb-3', botUserId: 'UBOT2' });
      house.installedAt.set('T2', (left.event_time + 60) * 1000);
      expect((await house.post(left)).status).toBe(200);
      expect(house.installed.size).toBe(1);
      expect([house.alerts, house.left]).toEqual([[], []]);
    },
  );

  test('a removal that could not be taken in whole is taken in when Slack sends it again', async () => {
    house.installed.set('T2', { teamId: 'T2', botToken: 'xoxb-2', botUserId: 'UBOT2' });
    house.leaving = () => Promise.reject(new Error('no store'));
    expect((await house.post(payload('app-uninstalled'))).status).toBe(500);
    house.leaving = async () => undefined;
    expect((await house.post(payload('app-uninstalled'))).status).toBe(200);
    expect(house.left).toEqual(['slack T2 slack:app_uninstalled']);
  });

  test("a user's own token taken back is nothing to us", async () => {
    house.installed.set('T2', { teamId: 'T2', botToken: 'xoxb-2', botUserId: 'UBOT2' });
    await house.post(payload('tokens-revoked', (body) => Object.assign(body.event, { tokens: { oauth: ['U1'] } })));
    expect(house.installed.size).toBe(1);
    expect(house.left).toEqual([]);
  });

  test('in an organisation the address names it', async () => {
    await house.post(
      payload('message-im', (body) =>
        Object.assign(body.authorizations[0], { enterprise_id: 'E1', is_enterprise_install: true }),
      ),
    );
    expect(house.delivered[0]).toMatchObject({ from: { address: expect.stringContaining('"e":"E1"') } });
  });
});

test('nothing is acknowledged that was not taken', async () => {
  house.deliver = () => Promise.reject(new Error('no store'));
  const answer = await house.post(payload('message-im'));
  expect(answer.status).toBe(500);
  expect(answer.headers['x-slack-no-retry']).toBeUndefined();
});
