import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/app.js';
import { TENANT } from '../teams/microsoft.js';
import {
  type Player,
  type Seen,
  slackPlayer,
  teamsPlayer,
  webPlayer,
  whatsAppPlayer,
  whatsAppWebPlayer,
} from './players.js';

/** Everything in one PostgreSQL, without Redis: on the test machine's server where there is one, and on PGlite. */
const POSTGRES = { REFILL_STORES: 'postgres' };
const PGLITE = { REFILL_STORES: 'postgres', DATABASE_URL: '' };

describe.each([
  ['web', webPlayer, {}],
  ['slack', slackPlayer, {}],
  ['teams', () => teamsPlayer(), {}],
  ['teams, for one tenant', () => teamsPlayer(TENANT), {}],
  ['whatsapp', whatsAppPlayer, {}],
  ['whatsapp web', whatsAppWebPlayer, {}],
  ['web, without Redis', webPlayer, POSTGRES],
  ['web, without Redis, on PGlite', webPlayer, PGLITE],
  ['slack, without Redis', slackPlayer, POSTGRES],
  ['whatsapp, without Redis', whatsAppPlayer, POSTGRES],
])('the main job on %s', (_name, makePlayer, stores) => {
  let app: TestApp;
  let player: Player;
  beforeAll(async () => {
    player = await makePlayer();
    app = await startTestApp({ ...player.env, ...stores });
    await player.start(app);
  }, 60_000);
  afterAll(async () => {
    await app?.close();
    await player?.stop();
  });

  test('balance → offers → buy → 202 → callback → receipt → burn → nudge → buy from the nudge', async () => {
    const greeting = await said('hello');
    if (player.name !== 'web') expect(plain(greeting)).toContain('made-up subscriber');
    await pressed(greeting, 'Warn me in time');

    const balance = await said('balance');
    expect(plain(balance)).toContain('RM 25.00');
    expect(plain(balance)).toContain('Weekly Internet 5 GB');

    const offers = await pressed(balance, 'See offers');
    for (const plan of ['Daily Internet 1 GB', 'Weekly Internet 5 GB', 'RM 10.00'])
      expect(plain(offers)).toContain(plan);
    // What is shown as a button can always be typed as its number.
    const detail = await said('3');
    const confirmation = await pressed(detail, 'Buy for RM 10.00');
    for (const term of ['Weekly Internet 5 GB', 'RM 10.00', 'Your balance'])
      expect(plain(confirmation)).toContain(term);
    expect(plain(await pressed(confirmation, 'Pay RM 10.00'))).toContain('On its way');

    const receipt = await player.next();
    expect(plain(receipt)).toContain('Weekly Internet 5 GB is yours');
    expect(receipt.edited).toBe(player.edits);
    expect(amounts()).toEqual(['10.00']);

    // The button is still on screen where nothing was edited: a second tap tells what became of the first, and buys nothing.
    if (!player.swallowsRepeats && !player.typed) {
      expect(plain(await pressed(confirmation, 'Pay RM 10.00'))).toContain('Weekly Internet 5 GB is yours');
    }
    expect(plain(await said('cancel'))).toContain('There is nothing to cancel');
    await app.sandbox.burn(subscriber(), { share: 0.97 });
    expect(player.problems()).toEqual([]);
    // Sends none: test/whatsapp-web/app.test.ts.
    if (!player.nudges) return;
    const nudge = await player.next();
    expect(plain(nudge)).toMatch(/running low|almost used up/);
    await pressed(nudge, /RM 2\.00/).then((again) => pressed(again, 'Pay RM 2.00'));
    expect(plain(await player.next())).toContain('Daily Internet 1 GB is yours');
    expect(amounts()).toEqual(['10.00', '2.00']);
    expect(player.problems()).toEqual([]);
  }, 60_000);

  test('gibberish, emoji and 10,000 characters get a friendly answer within the platform’s limits', async () => {
    for (const input of ['🙃🙃', 'x'.repeat(10_000), '\u202Ebalance\u202C <!channel> *x* <at>y</at>']) {
      const answer = await said(input);
      expect(answer.buttons.length).toBeGreaterThan(1);
    }
    expect(player.problems()).toEqual([]);
  });

  async function said(text: string): Promise<Seen> {
    expect(await player.say(text)).toBeLessThan(300);
    return player.next();
  }

  async function pressed(seen: Seen, label: string | RegExp): Promise<Seen> {
    const matches = (text: string) => (typeof label === 'string' ? text.includes(label) : label.test(text));
    const button = seen.buttons.find((candidate) => matches(candidate.label));
    if (button === undefined)
      throw new Error(`no button ${label} among ${seen.buttons.map((each) => each.label).join(' | ')}`);
    expect(await button.press()).toBeLessThan(300);
    return player.next();
  }

  const amounts = () => app.sandbox.charges().map(({ amount }) => amount);
  const subscriber = () => app.sandbox.charges().at(-1)?.subscriberId ?? '';
});

/** Words without marks of direction and formatting, which differ by platform. */
function plain({ words }: Seen): string {
  return words.replaceAll(/[\u2066-\u2069\u200B-\u200F*\\]/g, '');
}
