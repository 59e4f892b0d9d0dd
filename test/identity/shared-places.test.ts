import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { asInteraction, SECRET, sign, payload as slackPayload } from '../slack/house.js';
import { type FakeSlack, type SlackCall, startSlack } from '../slack/slack.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { payload as teamsPayload } from '../teams/house.js';
import { type Microsoft, startMicrosoft } from '../teams/microsoft.js';

const NUMBER = '+60 11-5500 0101';
/** What nobody else may read of it, however it is written. */
const PERSONAL = /5500 ?0101|•••• ?101|RM \d|\d{6} is your/;

const code = (app: TestApp) => /\d{6}/.exec(app.sandbox.subscriber('daniel')?.messages.at(-1)?.text ?? '')?.[0];

describe('linking in a Slack channel', () => {
  let app: TestApp;
  let slack: FakeSlack;
  const calls: SlackCall[] = [];
  beforeAll(async () => {
    slack = await startSlack();
    slack.onSend((call) => calls.push(call));
    app = await startTestApp({ SLACK_BOT_TOKEN: 'xoxb-1', SLACK_SIGNING_SECRET: SECRET, SLACK_API_URL: slack.url });
  }, 60_000);
  afterAll(async () => {
    await app?.close();
    await slack?.close();
  });

  const post = async (body: string, type: string) => {
    const headers = { 'content-type': type, ...sign(body, Math.floor(Date.now() / 1000)) };
    const response = await fetch(`${app.url}/slack/events`, { method: 'POST', body, headers });
    await response.arrayBuffer();
    expect(response.status).toBe(200);
  };
  const mention = (user: string, text: string) =>
    post(
      JSON.stringify(
        slackPayload('app-mention', (body) => {
          body.event_id = randomUUID();
          Object.assign(body.event, { user, text: `<@UBOT> ${text}` });
        }),
      ),
      'application/json',
    );
  const form = 'application/x-www-form-urlencoded';
  const submit = (user: string, token: string, values: Record<string, string>) => {
    const fields = Object.entries(values).map(([name, value]) => [
      name,
      { value: { type: 'plain_text_input', value } },
    ]);
    const body = slackPayload('view-submission', (view) => {
      Object.assign(view.user, { id: user });
      Object.assign(view.view, {
        id: `V${randomUUID()}`,
        private_metadata: JSON.stringify({ k: token, p: 'C00000001:1795254300.000200', c: '' }),
        state: { values: Object.fromEntries(fields) },
      });
    });
    return post(asInteraction(body), form);
  };
  const press = (user: string, block: { block_id: string }, element: { value: string; action_id: string }) => {
    const body = slackPayload('block-actions', (pressed) => {
      Object.assign(pressed.user, { id: user });
      Object.assign(pressed, { trigger_id: randomUUID(), channel: { id: 'C00000001', name: 'general' } });
      Object.assign(pressed.actions[0], {
        block_id: block.block_id,
        action_id: element.action_id,
        value: element.value,
      });
    });
    return post(asInteraction(body), form);
  };

  test('shows the number, the code and the balance to nobody else, and serves nobody by another’s dialog', async () => {
    const [owner, other] = ['U0000OWNER', 'U0000OTHER'];
    await mention(owner, 'link my number');
    const ways = await whisperTo(owner);
    await press(owner, ...buttonOf(ways, 'Send me a code'));
    const asked = await whisperTo(owner);
    // Others read along, so the number is asked for in a dialog.
    expect(JSON.stringify(asked.body)).toContain('what you type here can be read by others');
    const [, open] = buttonOf(asked, 'Enter my number');
    const token = (JSON.parse(open.value) as { k: string }).k;

    // Another person's hand on the same dialog: theirs is another conversation, and there it means nothing.
    await submit(other, token, { number: NUMBER });
    const refused = await whisperTo(other);
    expect(JSON.stringify(refused.body)).not.toMatch(/on its way|6 digits/);
    expect(code(app)).toBeUndefined();

    await submit(owner, token, { number: NUMBER });
    const sent = await whisperTo(owner);
    expect(JSON.stringify(sent.body)).toContain('a code is on its way');
    const digits = await eventually(() => code(app));
    const codeToken = (JSON.parse(buttonOf(sent, 'Enter the code')[1].value) as { k: string }).k;
    await submit(other, codeToken, { code: digits });
    expect(JSON.stringify((await whisperTo(other)).body)).not.toContain('is linked');
    await mention(other, digits);
    expect(JSON.stringify((await whisperTo(other)).body)).not.toContain('is linked');

    await submit(owner, codeToken, { code: digits });
    const linked = await whisperTo(owner);
    expect(JSON.stringify(linked.body)).toMatch(/•••• .?101/);
    // A button of theirs, pressed by the other: the other's own balance, or nothing, and to them alone.
    const [block, balance] = buttonOf(linked, 'My balance');
    await press(other, block, balance);
    const theirs = await whisperTo(other);
    expect(JSON.stringify(theirs.body)).not.toMatch(/•••• .?101/);

    // Each was shown to one person only; for all there was one sentence that says nothing.
    const forAll = calls.filter(({ method }) => method !== 'chat.postEphemeral');
    for (const { body } of forAll) expect(JSON.stringify(body)).not.toMatch(PERSONAL);
    for (const { method, body } of calls)
      if (method === 'chat.postEphemeral') expect([owner, other]).toContain(body.user);
    expect(slack.problems).toEqual([]);
  }, 60_000);

  const read = new Map<string, number>();

  /** The next message that only this person sees. */
  async function whisperTo(user: string): Promise<SlackCall> {
    const at = read.get(user) ?? 0;
    read.set(user, at + 1);
    return eventually(
      () => calls.filter(({ method, body }) => method === 'chat.postEphemeral' && body.user === user)[at],
    );
  }
});

type Button = { readonly value: string; readonly action_id: string };

function buttonOf({ body }: SlackCall, label: string): [{ block_id: string }, Button] {
  for (const block of body.blocks) {
    for (const element of [...(block.elements ?? []), block.accessory]) {
      if (element?.type === 'button' && element.text.text.includes(label)) return [block, element];
    }
  }
  throw new Error(`no button ${label} in ${JSON.stringify(body.blocks)}`);
}

describe('linking in a Teams group', () => {
  let app: TestApp;
  let microsoft: Microsoft;
  const sent: Microsoft['sent'][number][] = [];
  beforeAll(async () => {
    microsoft = await startMicrosoft({ unauthenticated: true });
    microsoft.onSend((one) => sent.push(one));
    app = await startTestApp();
  }, 60_000);
  afterAll(async () => {
    await app?.close();
    await microsoft?.close();
  });

  const post = async (name: string, change: (activity: ReturnType<typeof teamsPayload>) => void) => {
    const body = JSON.stringify(teamsPayload(microsoft, name, change));
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${app.url}/api/messages`, { method: 'POST', body, headers });
    await response.arrayBuffer();
    expect(response.status).toBe(200);
  };
  const inGroup = (text: string) =>
    post('group-chat-mention', (activity) => {
      Object.assign(activity, { id: randomUUID(), text: `<at>Refill</at> ${text}` });
    });

  test('answers in the personal chat: in front of all there is where, never what', async () => {
    await inGroup('link my number');
    await personal('How would you like to confirm');
    await inGroup(NUMBER);
    await personal('a code is on its way');
    const digits = await eventually(() => code(app));
    await inGroup(digits);
    await personal('is linked');
    await inGroup('balance');
    await personal('RM 25.00');
    const forAll = sent.filter(({ activity }) => activity.conversation?.isGroup === true);
    expect(forAll.length).toBeGreaterThan(0);
    for (const { activity } of forAll) expect(JSON.stringify(activity)).not.toMatch(PERSONAL);
  }, 60_000);

  test('a card of the owner’s, pressed by somebody else, shows and links nothing of theirs', async () => {
    const card = await personal('is linked');
    const token = /"token":"(balance~[^"]+)"/.exec(JSON.stringify(card))?.[1] ?? 'balance~x~0';
    const before = sent.length;
    await post('action-execute', (activity) => {
      Object.assign(activity, { id: randomUUID(), replyToId: 'their-card' });
      Object.assign(activity.from, { id: '29:other', aadObjectId: randomUUID(), name: 'Somebody Else' });
      activity.conversation = { ...activity.conversation, id: 'a:other-chat', isGroup: false };
      activity.value.action = { type: 'Action.Execute', verb: 'press', data: { refill: { kind: 'press', token } } };
    });
    const answer = await eventually(() => sent.slice(before).find(({ activity }) => activity.type === 'message'));
    expect(answer.activity.recipient?.id).toBe('29:other');
    // Their own made-up subscriber, not the owner's line.
    expect(JSON.stringify(answer.activity)).not.toMatch(/•••• .?101/);
    expect(JSON.stringify(answer.activity)).toContain('made-up subscriber');
  }, 30_000);

  function personal(words: string) {
    return eventually(() =>
      sent.find(({ activity }) => activity.conversation?.isGroup !== true && JSON.stringify(activity).includes(words)),
    );
  }
});

async function eventually<T>(look: () => T | undefined): Promise<T> {
  for (let left = 300; left > 0; left--) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it never came');
}
