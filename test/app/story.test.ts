import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/app.js';
import { actionOf, words } from '../support/web-client.js';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app?.close());

describe('the main job', () => {
  test('balance → offers → buy → 202 → callback → receipt → burn → nudge → buy from the nudge', async () => {
    const daniel = await app.subscriber('daniel');
    const welcome = await daniel.hello();
    expect(words(welcome)).toContain('May I send you alerts');
    await daniel.press(welcome, 'Warn me in time');

    const balance = await daniel.say('what is left?');
    expect(words(balance)).toContain('RM 25.00');
    expect(balance.blocks.find(({ type }) => type === 'gauge')).toMatchObject({ level: 'low' });

    const offers = await daniel.press(balance, 'See offers');
    const detail = await daniel.press(offers, /Weekly Internet 5 GB/);
    const confirmation = await daniel.press(detail, 'Buy for RM 10.00');
    for (const shown of ['Weekly Internet 5 GB', 'RM 10.00', '5 GB', 'Valid 7 days', 'Your balance']) {
      expect(words(confirmation)).toContain(shown);
    }
    expect(words(await daniel.press(confirmation, 'Pay RM 10.00'))).toContain('On its way');
    const receipt = await daniel.next();
    expect(words(receipt)).toContain('Weekly Internet 5 GB is yours');
    expect(charged(daniel.id)).toEqual(['10.00']);
    expect(words(await daniel.say('balance'))).toContain('RM 15.00');

    await app.sandbox.burn(daniel.id, { share: 0.97 });
    const nudge = await daniel.next();
    expect(nudge.blocks.map(({ type }) => type)).toContain('offers');
    const again = await daniel.press(nudge, /Daily Internet 1 GB/);
    await daniel.press(again, 'Pay RM 2.00');
    expect(words(await receiptOf(daniel))).toContain('Daily Internet 1 GB is yours');
    expect(charged(daniel.id)).toEqual(['10.00', '2.00']);
  });

  test('the same in Urdu, right to left, with prices that read right', async () => {
    const amina = await app.subscriber('amina');
    const welcome = await amina.hello();
    expect(welcome).toMatchObject({ language: 'ur', direction: 'rtl' });
    const offers = await amina.say('2');
    expect(words(offers)).toMatch(/[\u0600-\u06FF]/);
    const detail = await amina.say('۱');
    expect(detail.direction).toBe('rtl');
    const confirmation = await amina.say('1');
    await amina.say('1');
    expect(charged(amina.id)).toHaveLength(0);
    const receipt = await amina.next();
    expect(receipt.direction).toBe('rtl');
    expect(charged(amina.id)).toHaveLength(1);
    expect(words(confirmation)).toMatch(/Rs/);
  });

  test('a loan is called a loan, and says what will be owed', async () => {
    const lucia = await app.subscriber('lucia');
    await lucia.hello();
    const offers = await lucia.say('ofertas');
    expect(words(offers)).toContain('préstamo');
    const detail = await lucia.say('1');
    const confirmation = await lucia.say('1');
    expect(words(detail)).toMatch(/préstamo/i);
    expect(words(confirmation)).toMatch(/préstamo/i);
    await lucia.say('1');
    await lucia.next();
    expect(app.sandbox.charges().filter(({ subscriberId }) => subscriberId === lucia.id)).toMatchObject([
      { fundSource: 'LOAN' },
    ]);
  });

  test('someone who can only top up is told so', async () => {
    const somchai = await app.subscriber('somchai');
    await somchai.hello();
    const offers = await somchai.say('offers');
    expect(words(offers)).toContain('You need to top up first');
    expect(actionOf(offers, 'How to top up')).toBeDefined();
  });

  test('someone abroad is asked for a top-up, and the money arrives', async () => {
    const somchai = await app.subscriber('somchai');
    await somchai.press(await somchai.hello(), 'Warn me in time');
    await somchai.press(await somchai.say('top up'), 'Ask someone to top me up');
    expect(words(await somchai.say('my sister'))).toContain('does not look like a mobile number');
    await somchai.say('+47 900 00 000');
    await somchai.say('Ingrid');
    const confirmation = await somchai.say('Som');
    for (const shown of ['+4790000000', 'Ingrid', 'Som']) expect(words(confirmation)).toContain(shown);
    expect(words(await somchai.press(confirmation, 'Send the request'))).toContain('I have asked Ingrid');
    expect(words(await somchai.next())).toContain('Your top-up has arrived');
    expect(words(await somchai.say('balance'))).toContain('103.50');
  });

  test('postpaid, unlimited, roaming and opted-out subscribers get true answers', async () => {
    const [ingrid, kavya] = [await app.subscriber('ingrid'), await app.subscriber('kavya')];
    const [omar, sofia] = [await app.subscriber('omar'), await app.subscriber('sofia')];
    expect(words(await ingrid.say('balance'))).toContain('Postpaid');
    const unlimited = words(await kavya.say('balance'));
    expect(unlimited).toContain('Unlimited');
    expect(unlimited).toContain('only for video');
    expect(words(await omar.say('balance'))).toContain('৳');
    expect(words(await sofia.say('ofertas'))).toMatch(/ofertas/i);
  });
});

describe('conversation', () => {
  test('"balance" in the middle of a purchase answers and comes back to the question', async () => {
    const daniel = await app.subscriber('daniel');
    const offers = await daniel.say('offers');
    await daniel.press(offers, /Daily Internet/);
    await daniel.say('1');
    const aside = await daniel.say('balance');
    expect(words(aside)).toContain('What you have left');
    expect(words(aside)).toContain('Please confirm');
    await daniel.press(aside, 'Pay RM 2.00');
    expect(words(await daniel.next())).toContain('is yours');
  });

  test('nothing but the priced confirmation buys: "yes" does not', async () => {
    const daniel = await app.subscriber('daniel');
    await daniel.press(await daniel.say('offers'), /Daily Internet/);
    await daniel.say('1');
    expect(words(await daniel.say('yes'))).toContain('Sorry, I did not get that');
    expect(charged(daniel.id)).toEqual([]);
    expect(words(await daniel.say('cancel'))).toContain('Nothing was bought');
  });

  test('the button of a cancelled confirmation is stale: today’s offers, no purchase', async () => {
    const daniel = await app.subscriber('daniel');
    await daniel.press(await daniel.say('offers'), /Daily Internet/);
    const confirmation = await daniel.say('1');
    await daniel.press(confirmation, 'Cancel');
    const stale = await daniel.press(confirmation, 'Pay RM 2.00');
    expect(words(stale)).toContain('That offer has expired');
    expect(stale.blocks.map(({ type }) => type)).toContain('offers');
    expect(charged(daniel.id)).toEqual([]);
  });

  test('a double tap on the confirmation is one purchase', async () => {
    const daniel = await app.subscriber('daniel');
    await daniel.press(await daniel.say('offers'), /Daily Internet/);
    const confirmation = await daniel.say('1');
    const pay = actionOf(confirmation, 'Pay RM 2.00');
    await Promise.all([daniel.post({ press: pay.token }), daniel.post({ press: pay.token })]);
    expect(words(await daniel.next())).toContain('On its way');
    expect(words(await daniel.next())).toMatch(/already on its way|is yours/);
    await receiptOf(daniel);
    await daniel.quiet(500);
    expect(charged(daniel.id)).toEqual(['2.00']);
    expect(words(await daniel.press(confirmation, 'Pay RM 2.00'))).toContain('is yours');
    expect(words(await daniel.say('cancel'))).toContain('There is nothing to cancel');
    expect(charged(daniel.id)).toEqual(['2.00']);
  });

  test('a second purchase while one is under way is answered with its status', async () => {
    const daniel = await app.subscriber('daniel');
    app.sandbox.nextPurchase(daniel.id, { mode: 'processing', callback: 'once', callbackDelayMs: 1500 });
    await daniel.press(await daniel.say('offers'), /Daily Internet/);
    await daniel.press(await daniel.say('1'), 'Pay RM 2.00');
    await daniel.press(await daniel.say('offers'), /Weekly Internet/);
    expect(words(await daniel.press(await daniel.say('1'), /^Pay/))).toContain(
      'I did not order Weekly Internet 5 GB: Daily Internet 1 GB is still on its way',
    );
    expect(words(await receiptOf(daniel))).toContain('Daily Internet 1 GB is yours');
    expect(charged(daniel.id)).toEqual(['2.00']);
  });

  test.each([
    '🙃🙃🙃',
    'x'.repeat(10_000),
    '\u202E\u202Dbalance\u202C\u202E',
    'quiero hablar de fútbol',
    '99',
    '   ',
    '1; drop table',
  ])('input %#: a friendly sentence and the choices again', async (input) => {
    const daniel = await app.subscriber('daniel');
    await daniel.hello();
    const answer = await daniel.say(input);
    expect(answer.actions.length).toBeGreaterThan(1);
    expect(answer.blocks[0]).toMatchObject({ type: expect.stringMatching(/text|heading/) });
  });

  test('language and alerts can be changed, one type at a time', async () => {
    const daniel = await app.subscriber('daniel');
    await daniel.press(await daniel.hello(), 'Warn me in time');
    const alerts = await daniel.press(await daniel.say('settings'), 'Alerts');
    await daniel.press(alerts, '✓ Top-up arrived');
    await eventually(() => expect(app.sandbox.subscriber(daniel.id)?.registered).toHaveLength(8));
    expect(app.sandbox.subscriber(daniel.id)?.registered).not.toContain('monetary-reload');
    const spanish = await daniel.press(await daniel.press(await daniel.say('settings'), 'Language'), 'Español');
    expect(spanish.language).toBe('es');
  });

  test('"stop" ends all alerts, here and at the telco', async () => {
    const daniel = await app.subscriber('daniel');
    await daniel.press(await daniel.hello(), 'Warn me in time');
    await eventually(() => expect(app.sandbox.subscriber(daniel.id)?.registered).toHaveLength(9));
    expect(words(await daniel.say('STOP'))).toContain('no more alerts');
    await eventually(() => expect(app.sandbox.subscriber(daniel.id)?.registered).toHaveLength(0));
    expect(await app.sandbox.notify(daniel.id, { type: 'low-data' })).toMatchObject({ status: 403 });
    expect(await daniel.quiet(500)).toEqual([]);
  });
});

function charged(id: string): string[] {
  return app.sandbox
    .charges()
    .filter(({ subscriberId }) => subscriberId === id)
    .map(({ amount }) => amount);
}

/** The next message that is a receipt; "on its way" and other words before it are passed over. */
async function receiptOf(client: { next(): Promise<Parameters<typeof words>[0]> }) {
  for (;;) {
    const message = await client.next();
    if (words(message).includes('is yours')) return message;
  }
}

async function eventually(check: () => void): Promise<void> {
  for (let left = 100; ; left--) {
    try {
      return check();
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
