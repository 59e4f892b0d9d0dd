import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { payload } from '../slack/house.js';
import { type FakeSlack, startSlack } from '../slack/slack.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { SLACK_ENV, SlackLife, wordsOf } from './slack-life.js';

const [ANN, BEN, CLEO] = ['U00000001', 'U00000002', 'U00000003'] as const;

let slack: FakeSlack;
let app: TestApp;
let life: SlackLife;
beforeAll(async () => {
  slack = await startSlack();
  app = await startTestApp({ ...SLACK_ENV, SLACK_API_URL: slack.url, SLACK_APP_TOKEN: 'xapp-1-token' });
  life = new SlackLife(app.url, slack);
}, 120_000);
afterAll(async () => {
  await app?.close();
  await slack?.close();
  expect(slack?.problems).toEqual([]);
});

/** Whose page a call drew. */
const pageOf = ({ body }: { body: { user_id?: string } }) => body.user_id;
const charges = () => app.sandbox.charges().length;

describe('App Home', () => {
  test('shows what is left and what can be bought, and an offer is bought there', async () => {
    await life.opensHome(ANN);
    const page = await life.sees(0, 'views.publish', /Your balance|RM 25\.00/);
    expect(pageOf(page)).toBe(ANN);
    expect(wordsOf(page)).toContain('RM 25.00');
    const sections: { text?: { text: string }; accessory?: { text: { text: string } } }[] = page.body.view.blocks;
    const beside = (words: RegExp) => sections.find(({ text }) => words.test(text?.text ?? ''))?.accessory?.text.text;
    // The plan in use has a gauge, drawn and said; each offer stands beside a button with its price.
    expect(sections.some(({ text }) => /Weekly Internet 5 GB.*\n[▓░]{10} \d+%\n.*left/u.test(text?.text ?? ''))).toBe(
      true,
    );
    expect(beside(/Daily Internet 1 GB.*\nRM 2\.00/)).toBe('RM 2.00');
    expect(beside(/Weekly Internet 5 GB.*\nRM 10\.00/)).toBe('RM 10.00');

    let from = life.now;
    await life.presses(ANN, page, /Weekly Internet 5 GB/);
    const offer = await life.sees(from, 'views.publish', /Buy for RM 10\.00/);
    from = life.now;
    await life.presses(ANN, offer, /Buy for/);
    const confirmation = await life.sees(from, 'views.publish', /Pay RM 10\.00/);
    expect(charges()).toBe(0);

    // Somebody else has a page of their own; nothing of the first is on it, and the first one's button buys them nothing.
    from = life.now;
    await life.opensHome(BEN);
    const other = await life.sees(from, 'views.publish', /./);
    await life.presses(BEN, confirmation, /Pay RM 10\.00/);
    const refused = await life.sees(life.slack.sent.indexOf(other) + 1, 'views.publish', /./);
    expect(slack.sent.slice(from).map(pageOf)).toEqual([BEN, BEN]);
    expect(wordsOf(refused)).not.toMatch(/On its way|is yours/);
    expect(charges()).toBe(0);

    from = life.now;
    await life.presses(ANN, confirmation, /Pay RM 10\.00/);
    await life.sees(from, 'views.publish', /On its way/);
    // The receipt is told where it is found later; the page, if it is still looked at, is not left behind.
    const receipt = await life.sees(from, 'chat.postMessage', /Weekly Internet 5 GB is yours/);
    expect(receipt.body.channel).toBe(ANN);
    expect(pageOf(await life.sees(from, 'views.publish', /Weekly Internet 5 GB is yours/))).toBe(ANN);
    expect(charges()).toBe(1);

    from = life.now;
    await life.opensHome(ANN);
    expect(wordsOf(await life.sees(from, 'views.publish', /./))).toContain('RM 15.00');
  }, 60_000);
});

describe('a conversation in a channel', () => {
  test('answers are for its user there and then; receipt and alert wait in direct messages, and are answered there', async () => {
    await life.commands(CLEO, '');
    const welcome = await life.sees(0, 'chat.postEphemeral', /Warn me in time/);
    let from = life.now;
    await life.presses(CLEO, welcome, /Warn me in time/);
    await life.sees(from, 'chat.postEphemeral', /./);
    from = life.now;
    await life.commands(CLEO, 'offers');
    const offers = await life.sees(from, 'chat.postEphemeral', /Weekly Internet 5 GB/);
    await life.presses(CLEO, offers, /Weekly Internet 5 GB/);
    await life.presses(CLEO, await life.sees(from, 'chat.postEphemeral', /Buy for RM 10\.00/), /Buy for/);
    const before = charges();
    const confirmation = await life.sees(from, 'chat.postEphemeral', /Pay RM 10\.00/);
    await life.presses(CLEO, confirmation, /Pay RM 10\.00/);
    await life.sees(from, 'chat.postEphemeral', /On its way/);
    const receipt = await life.sees(from, 'chat.postMessage', /Weekly Internet 5 GB is yours/);
    expect(receipt.body.channel).toBe(CLEO);
    expect(charges()).toBe(before + 1);

    from = life.now;
    await app.sandbox.burn(app.sandbox.charges().at(-1)?.subscriberId ?? '', { share: 0.97 });
    const alert = await life.sees(from, 'chat.postMessage', /running low|almost used up/);
    expect(alert.body.channel).toBe(CLEO);
    from = life.now;
    await life.presses(CLEO, alert, /RM 2\.00/);
    const there = await life.sees(from, 'chat.postMessage', /Pay RM 2\.00/);
    expect(there.body.channel).toBe('D00000003');
    // What is typed there is said to the conversation that spoke: no more alerts means no more of these.
    from = life.now;
    await life.says(CLEO, 'stop');
    await life.sees(from, 'chat.postMessage', /You will get no more alerts/);
    await life.commands(CLEO, 'settings');
    await life.sees(from, 'chat.postEphemeral', /All off/);
    // Nobody else in the channel saw any of it.
    expect([...(slack.shown.get('C00000001')?.values() ?? [])]).toEqual([]);
  }, 60_000);
});

describe('Socket Mode', () => {
  test('events come over the socket that SLACK_APP_TOKEN opens, and are answered with the bot’s own token', async () => {
    await slack.socket.connected();
    const from = life.now;
    slack.socket.send({
      envelope_id: 'e1',
      type: 'events_api',
      accepts_response_payload: false,
      payload: payload('message-im', (body) =>
        Object.assign(body.event, { user: 'U00000004', channel: 'D00000004', text: 'balance' }),
      ),
    });
    expect(await slack.socket.ack('e1')).toBeDefined();
    const answer = await life.sees(from, 'chat.postMessage', /RM|Rs|\$/);
    expect(answer).toMatchObject({ token: 'xoxb-1', body: { channel: 'D00000004' } });
    expect(slack.calls.filter(({ token }) => token === 'xapp-1-token').map(({ method }) => method)).toEqual([
      'apps.connections.open',
    ]);
  });
});
