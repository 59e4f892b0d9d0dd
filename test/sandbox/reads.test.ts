import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PERSONAS } from '../../sandbox/index.js';
import { shapesOf } from './shapes.js';
import { startWorld, type World } from './support.js';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.sandbox.close());

const shapes = shapesOf('upsell.yaml');
const reads = ['accountInfo', 'balance', 'upsellOffer'] as const;
const cases = PERSONAS.flatMap(({ id }) => reads.map((read) => [id, read] as const));

if (shapes === undefined) {
  test.skip('every answer has the shape of upsell.yaml (the file is not beside this repository)', () => undefined);
} else {
  test.each(cases)('the answer to %s asking for %s has the shape of upsell.yaml', async (id, read) => {
    const reply = await world.get(id, read);
    expect(shapes.reply('GET', `${world.pathOf(id)}/${read}`, reply)).toEqual([]);
  });

  test('an answer that strays from upsell.yaml would be noticed', () => {
    const judge = (status: number, body: object) =>
      shapes.reply('GET', '/std/google/digi/601155000101/balance', { status, body });
    expect(judge(200, { activePlans: [{ planid: 'x', planName: [] }] })).not.toEqual([]);
    expect(judge(200, { accountType: 'prepaid' })).not.toEqual([]);
    expect(judge(200, { validUntil: 'tomorrow' })).not.toEqual([]);
    expect(judge(404, { cause: 'WHO_IS_THAT' })).not.toEqual([]);
  });
}

describe('each persona shows what they are there for', () => {
  const states = [
    ['daniel', 'NEED_OFFERS'],
    ['amina', 'NEED_OFFERS'],
    ['lucia', 'NEED_LOANS'],
    ['somchai', 'NEED_TOPUP'],
    ['ingrid', 'GOOD_TO_GO'],
    ['kavya', 'GOOD_TO_GO'],
  ];

  test.each(states)('%s: %s', async (id, state) => {
    const { status, body } = await world.get(id, 'upsellOffer');
    expect(status).toBe(200);
    expect(body.subscriberState).toBe(state);
    if (state === 'NEED_TOPUP') expect(body.offers).toEqual([]);
    else expect(body.offers.length).toBeGreaterThanOrEqual(3);
  });

  test('buyers may choose among sizes and prices, and one offer is for an app', async () => {
    for (const id of ['daniel', 'amina']) {
      const { offers } = (await world.get(id, 'upsellOffer')).body;
      expect(new Set(offers.map(({ cost }: { cost: string }) => cost)).size).toBe(offers.length);
      expect(offers.some(({ type }: { type: string }) => type === 'Video' || type === 'Social')).toBe(true);
    }
  });

  test('a postpaid line has a bill and no main money', async () => {
    const { body } = await world.get('ingrid', 'accountInfo');
    expect(body).toMatchObject({
      accountType: 'POSTPAID',
      currency: 'NOK',
      balances: [{ balanceType: 'owed', balance: '349.00' }],
    });
  });

  test('unlimited is 2^63 − 1, to the last digit', async () => {
    const { text, body } = await world.get('kavya', 'balance');
    expect(text).toContain('"quota":9223372036854775807,"remaining":9223372036854775807');
    const units = body.activePlans.flatMap(({ gauge }: { gauge: { unit: string }[] }) => gauge.map(({ unit }) => unit));
    expect(units).toEqual(expect.arrayContaining(['bytes', 'voice-minutes', 'sms']));
    expect(body.activePlans.map(({ applications }: { applications: string[] }) => applications)).toContainEqual([
      'video',
    ]);
  });

  test('roaming hides nothing from a reader', async () => {
    for (const read of reads) expect((await world.get('omar', read)).status).toBe(200);
  });

  test('who opted out sees the balance and gets no offers', async () => {
    expect((await world.get('sofia', 'balance')).status).toBe(200);
    const refused = await world.get('sofia', 'upsellOffer');
    expect([refused.status, refused.body.cause]).toEqual([403, 'USER_OPT_OUT']);
  });
});

describe('whom a call is about', () => {
  test.each(['cpid', 'opet'] as const)('a %s names the same subscriber as the number', async (type) => {
    const key = world.sandbox.ensure('daniel').keys[type];
    expect(key).toMatch(/[+/=,]/);
    const path = `/std/google/digi/${encodeURIComponent(key)}/balance?key_type=${type.toUpperCase()}`;
    expect((await world.call('GET', path)).body.accountId).toBe('A-daniel');
  });

  test('the operator may be left out, and may not be another one', async () => {
    const { msisdn } = world.sandbox.ensure('daniel');
    expect((await world.call('GET', `/std/google/${msisdn}/balance`)).status).toBe(200);
    expect((await world.call('GET', `/std/google/celcom/${msisdn}/balance`)).body.cause).toBe('INVALID_NUMBER');
  });

  test.each([
    ['an unknown number', '/std/google/digi/601155999999/balance', 404, 'INVALID_NUMBER'],
    ['a forged CPID', '/std/google/digi/AAAA%2C50216/balance?key_type=CPID', 404, 'INVALID_NUMBER'],
    ['an unknown key type', '/std/google/digi/601155000101/balance?key_type=EMAIL', 400, 'BAD_REQUEST'],
    ['an unknown plan type', '/std/google/digi/601155000101/upsellOffer?planType=extra', 400, 'BAD_REQUEST'],
    ['an unknown client', '/std/google/digi/601155000101/upsellOffer?clientName=ME', 400, 'BAD_REQUEST'],
    ['a badly encoded path', '/std/google/digi/%E0%A4%A/balance', 400, 'BAD_REQUEST'],
    ['another path', '/std/google/digi/601155000101/secrets', 404, 'BAD_REQUEST'],
  ])('%s is refused', async (_, path, status, cause) => {
    const reply = await world.call('GET', path);
    expect([reply.status, reply.body.cause]).toEqual([status, cause]);
  });

  test('a read is not posted', async () => {
    const reply = await world.call('POST', `${world.pathOf('daniel')}/balance`, {});
    expect([reply.status, reply.headers.get('allow')]).toEqual([405, 'GET']);
  });

  test('another service provider is refused when one is agreed', async () => {
    const closed = await startWorld({ serviceProvider: 'facebook' });
    try {
      expect((await closed.get('daniel', 'balance')).body.cause).toBe('NOT_ALLOWED');
    } finally {
      await closed.sandbox.close();
    }
  });
});

describe('languages', () => {
  const languagesOf = (texts: { language: string }[]) => texts.map(({ language }) => language);

  test.each([
    ['ur', ['ur', 'en']],
    ['es-GT', ['es', 'en']],
    ['en;q=0.5, ms;q=0.9', ['ms', 'en']],
    ['en', ['en']],
    ['fr', ['en']],
  ])('Accept-Language %s brings %s', async (header, expected) => {
    const { body } = await world.get('daniel', 'upsellOffer', '', { 'accept-language': header });
    expect(languagesOf(body.offers[0].planName)).toEqual(expected);
    expect(languagesOf(body.offers[0].planDescription)).toEqual(expected);
  });

  test('a description says how long the plan runs', async () => {
    const { body } = await world.get('daniel', 'upsellOffer', '', { 'accept-language': 'en' });
    const texts = body.offers.map(
      ({ planDescription }: { planDescription: { text: string }[] }) => planDescription[0]?.text,
    );
    for (const text of texts) expect(text).toMatch(/Valid \d+ days?\.$/);
  });

  test('no text has a hole in it', async () => {
    for (const { id } of PERSONAS) {
      const offers = await world.get(id, 'upsellOffer', '', { 'accept-language': '*' });
      const balance = await world.get(id, 'balance', '', { 'accept-language': '*' });
      expect(offers.text + balance.text).not.toMatch(/[{}] |undefined|"text":""/);
    }
  });
});

test('supplementary plans are listed only when asked for', async () => {
  const main = (await world.get('daniel', 'upsellOffer')).body.offers;
  const extra = (await world.get('daniel', 'upsellOffer', '?planType=supplementary&dealerCode=D1&clientName=CRMS')).body
    .offers;
  expect(extra.length).toBeGreaterThan(0);
  expect(main).not.toEqual(expect.arrayContaining(extra));
});
