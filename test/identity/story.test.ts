import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Player, type Seen, slackPlayer, teamsPlayer, webPlayer, whatsAppPlayer } from '../channels/players.js';
import { startTestApp, type TestApp } from '../support/app.js';

/** Daniel's and Kavya's own numbers in the sandbox, as people write them. */
const DANIEL = { id: 'daniel', typed: '+60 11-5500 0101', masked: '•••• 101' };
/** Whom WhatsApp names by a number that the sandbox serves. */
const INGRID = { number: '4795000105', masked: '•••• 105' };
const KAVYA = { id: 'kavya', typed: '0060115500 0106', masked: '•••• 106' };

describe.each([
  ['web', webPlayer],
  ['slack', slackPlayer],
  ['teams', () => teamsPlayer()],
  ['whatsapp', () => whatsAppPlayer()],
])('linking a number on %s', (_name, makePlayer) => {
  const { player, said, pressed, codeOn } = subscriberOn(makePlayer);

  test('number → code → wrong code → right code → balance → second number → which one → rename → remove → forget me', async () => {
    await said('hello');
    const asked = await pressed(await said('link my number'), 'Send me a code');
    expect(plain(asked)).toContain('Which number is yours?');
    expect(plain(await said('twelve'))).toContain('does not look like a phone number');
    expect(plain(await said(DANIEL.typed))).toContain('If that number is one of ours, a code is on its way');
    const code = await codeOn(DANIEL.id);
    expect(plain(await said('what now'))).toContain('The code has 6 digits');
    expect(plain(await said(notThis(code)))).toContain('You have 4 tries left');
    expect(plain(await said(code))).toContain(`${DANIEL.masked} is linked`);
    const balance = await said('balance');
    expect(plain(balance)).toContain('RM 25.00');

    await said('add a number');
    // Whoever says their number at once is not asked again.
    expect(plain(await said(KAVYA.typed))).toContain('on its way to it on WhatsApp');
    expect(plain(await said(await codeOn(KAVYA.id)))).toContain(`${KAVYA.masked} is linked`);
    expect(plain(await said('balance'))).toContain('RM 80.50');

    const lines = await said('my numbers');
    for (const shown of [DANIEL.masked, KAVYA.masked]) expect(plain(lines)).toContain(shown);
    const one = await pressed(lines, DANIEL.masked);
    expect(plain(one)).toContain('With a code');
    await pressed(one, 'Give it a name');
    const named = await said('Home');
    expect(plain(named)).toContain('Home (');
    expect(plain(await pressed(named, 'Use this one'))).toContain('we are talking about');
    expect(plain(await said('balance'))).toContain('RM 25.00');

    const list = await said('my numbers');
    const sure = await pressed(await pressed(list, 'Home'), 'Remove this number');
    expect(plain(sure)).toContain('Remove Home');
    expect(plain(await pressed(sure, 'Remove this number'))).toContain('is removed from this chat');
    const again = await said('balance');
    // On the page the persona that was chosen is a line of its own, so that it has to be asked which.
    const left = plain(again).includes('Which number is this about?') ? await pressed(again, KAVYA.masked) : again;
    expect(plain(left)).toContain('RM 80.50');

    expect(plain(await said('forget me'))).toContain('This cannot be undone. No list of');
    expect(plain(await said('Forget me'))).toContain('I am forgetting you');
    // A new acquaintance: greeted, and of the old number nothing is known.
    await eventually(async () => {
      const fresh = await said('balance');
      expect(plain(fresh)).not.toContain('RM 80.50');
    });
    expect(player().problems()).toEqual([]);
  }, 60_000);

  test('says the same of a number nobody has, sends nothing there, and stops after three', async () => {
    await said('hello');
    await said('link my number');
    expect(plain(await said('+60 12-999 8877'))).toContain('If that number is one of ours, a code is on its way');
    const wrong = await said('123456');
    expect(plain(wrong)).toContain('You have 4 tries left');
    // Two were asked for above, and being forgotten does not begin anew.
    expect(plain(await pressed(wrong, 'Send it again'))).toContain('That is enough codes for now');
    expect(player().problems()).toEqual([]);
  }, 30_000);
});

describe('a number that WhatsApp vouches for', () => {
  const { player, said, pressed, codeOn } = subscriberOn(() => whatsAppPlayer(INGRID.number));

  test('is linked without a code; with two more, and the one in use removed, it is asked which one', async () => {
    await said('hello');
    const own = await pressed(await said('link my number'), 'Use this number');
    expect(plain(own)).toContain(`${INGRID.masked} is linked`);
    for (const { id, typed, masked } of [DANIEL, KAVYA]) {
      await said('add a number');
      await said(typed);
      expect(plain(await said(await codeOn(id)))).toContain(`${masked} is linked`);
    }
    const list = await said('my numbers');
    for (const { masked } of [INGRID, DANIEL, KAVYA]) expect(plain(list)).toContain(masked);
    const one = await pressed(list, INGRID.masked);
    expect(plain(one)).toContain('By WhatsApp');

    const sure = await pressed(await pressed(await said('my numbers'), KAVYA.masked), 'Remove this number');
    await pressed(sure, 'Remove this number');
    // Never another one by itself: whose money it is about is for them to say.
    const which = await said('balance');
    expect(plain(which)).toContain('Which number is this about?');
    expect(plain(which)).not.toContain(KAVYA.masked);
    expect(plain(await pressed(which, DANIEL.masked))).toContain('RM 25.00');
    expect(player().problems()).toEqual([]);
  }, 60_000);
});

/** A subscriber on one platform, with Refill running for the tests of the block this is called in. */
function subscriberOn(makePlayer: () => Promise<Player>) {
  let app: TestApp;
  let player: Player;
  beforeAll(async () => {
    player = await makePlayer();
    app = await startTestApp(player.env);
    await player.start(app);
  }, 60_000);
  afterAll(async () => {
    await app?.close();
    await player?.stop();
  });
  return {
    player: () => player,

    async said(text: string): Promise<Seen> {
      expect(await player.say(text)).toBeLessThan(300);
      return player.next();
    },

    async pressed(seen: Seen, label: string): Promise<Seen> {
      const button = seen.buttons.find((candidate) => words(candidate.label).includes(label));
      const others = seen.buttons.map((each) => each.label).join(' | ');
      if (button === undefined) throw new Error(`${player.name}: no button ${label} among ${others}`);
      expect(await button.press()).toBeLessThan(300);
      return player.next();
    },

    /** What the phone of a subscriber of the sandbox shows. */
    async codeOn(id: string): Promise<string> {
      let code: string | undefined;
      await eventually(async () => {
        code = /\d{6}/.exec(app.sandbox.subscriber(id)?.messages.at(-1)?.text ?? '')?.[0];
        expect(code).toBeDefined();
      });
      return code ?? '';
    },
  };
}

function notThis(code: string): string {
  return String((Number(code) + 1) % 1_000_000).padStart(6, '0');
}

function plain({ words: said }: Seen): string {
  return words(said);
}

/** Without marks of direction and formatting, which differ by platform. */
function words(text: string): string {
  return text.replaceAll(/[\u2066-\u2069\u200B-\u200F*\\]/g, '');
}

async function eventually(check: () => Promise<void>): Promise<void> {
  for (let left = 200; ; left--) {
    try {
      return await check();
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
