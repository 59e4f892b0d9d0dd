import { afterEach, describe, expect, test } from '@jest/globals';
import { TelcoRefused, TelcoUnreachable } from '../../bot/telco.js';
import { ALICE, type FarEnd, failureOf, json, ORDER, Stage, sleep } from './far-end.js';

const stage = new Stage();
afterEach(() => stage.clear());

/** Lets in only the tokens it is told to. */
function accept(millom: FarEnd, ...tokens: string[]): void {
  millom.onCall = (seen, response) => {
    const allowed = tokens.some((token) => seen.headers.authorization === `Bearer ${token}`);
    json(response, allowed ? 200 : 401, {});
  };
}

describe('the access token', () => {
  test('is asked for with form-encoded credentials', async () => {
    const millom = await stage.farEnd();
    await stage.client(millom, { clientId: 'a b:c', clientSecret: 's%+ü' }).balance(ALICE);
    const [asked] = millom.tokenRequests;
    expect(asked).toMatchObject({ method: 'POST', body: 'grant_type=client_credentials' });
    expect(asked?.headers['content-type']).toBe('application/x-www-form-urlencoded');
    const basic = asked?.headers.authorization?.replace('Basic ', '') ?? '';
    expect(Buffer.from(basic, 'base64').toString()).toBe('a+b%3Ac:s%25%2B%C3%BC');
  });

  test('is kept until almost expiry, then replaced while it still serves', async () => {
    const millom = await stage.farEnd();
    let now = 0;
    const client = stage.client(millom, { now: () => now });
    await client.balance(ALICE);
    now = (3_600 - 61) * 1_000;
    await client.balance(ALICE);
    expect(millom.tokenRequests).toHaveLength(1);

    now = (3_600 - 59) * 1_000;
    await client.balance(ALICE);
    expect(millom.calls.at(-1)?.headers.authorization).toBe('Bearer token-1');
    await sleep(100);
    await client.balance(ALICE);
    expect(millom.calls.at(-1)?.headers.authorization).toBe('Bearer token-2');
    expect(millom.tokenRequests).toHaveLength(2);
  });

  test('a short-lived one is replaced after nine tenths of its life', async () => {
    const millom = await stage.farEnd();
    millom.onToken = (_, response, nth) => json(response, 200, { access_token: `t${nth}`, expires_in: '100' });
    let now = 0;
    const client = stage.client(millom, { now: () => now });
    await client.balance(ALICE);
    now = 89_000;
    await client.balance(ALICE);
    expect(millom.tokenRequests).toHaveLength(1);
    now = 91_000;
    await client.balance(ALICE);
    await sleep(50);
    expect(millom.tokenRequests).toHaveLength(2);
  });

  test.each([
    { access_token: 'x' },
    { access_token: 'x', expires_in: null },
    { access_token: 'x', expires_in: 'soon' },
  ])('may come without a usable lifetime: %j', async (answer) => {
    const millom = await stage.farEnd();
    millom.onToken = (_, response) => json(response, 200, answer);
    const client = stage.client(millom);
    await client.balance(ALICE);
    await client.balance(ALICE);
    expect(millom.tokenRequests).toHaveLength(1);
  });

  test('200 callers with an expired token make one token request', async () => {
    const millom = await stage.farEnd();
    let now = 0;
    const client = stage.client(millom, { now: () => now });
    await client.balance(ALICE);
    now = 3_601_000;
    millom.onToken = (_, response) => void setTimeout(() => json(response, 200, { access_token: 'new' }), 50);
    await Promise.all(Array.from({ length: 200 }, () => client.balance(ALICE)));
    expect(millom.tokenRequests).toHaveLength(2);
    expect(millom.calls.slice(1).every(({ headers }) => headers.authorization === 'Bearer new')).toBe(true);
  });

  test('a storm of 401s makes one token request, and one retry for each caller', async () => {
    const millom = await stage.farEnd();
    const client = stage.client(millom);
    await client.balance(ALICE);
    accept(millom, 'token-2');
    await Promise.all(Array.from({ length: 50 }, () => client.balance(ALICE)));
    expect(millom.tokenRequests).toHaveLength(2);
    expect(millom.calls).toHaveLength(1 + 50 + 50);
  });

  test('a new token that is refused as well is not replaced over and over', async () => {
    const millom = await stage.farEnd();
    let now = 0;
    const client = stage.client(millom, { now: () => now });
    accept(millom);
    for (let i = 0; i < 5; i++) {
      const failure = await failureOf(client.balance(ALICE));
      expect(failure).toBeInstanceOf(TelcoRefused);
      expect(failure).toMatchObject({ reason: 'not-allowed', details: { status: 401 } });
    }
    expect(millom.tokenRequests).toHaveLength(2);

    now = 6_000;
    accept(millom, 'token-3');
    await client.balance(ALICE);
    expect(millom.tokenRequests).toHaveLength(3);
  });

  test('a purchase answered with 401 is sent once more, with the new token', async () => {
    const millom = await stage.farEnd();
    millom.onCall = (seen, response) => {
      if (seen.headers.authorization === 'Bearer token-1') json(response, 401, {});
      else json(response, 202, { transid: ORDER.transactionId, status: 'processing' });
    };
    await expect(stage.client(millom).purchase(ALICE, ORDER)).resolves.toEqual({ status: 'processing' });
    expect(millom.calls.map(({ body }) => JSON.parse(body).transid)).toEqual([
      ORDER.transactionId,
      ORDER.transactionId,
    ]);
  });
});

describe('a token endpoint in trouble', () => {
  test.each<[string, (farEnd: FarEnd) => void]>([
    [
      'answers 500',
      (farEnd) => {
        farEnd.onToken = (_, response) => json(response, 500, {});
      },
    ],
    [
      'refuses the client',
      (farEnd) => {
        farEnd.onToken = (_, response) => json(response, 401, { error: 'invalid_client' });
      },
    ],
    [
      'answers in HTML',
      (farEnd) => {
        farEnd.onToken = (_, response) => json(response, 200, '<html>');
      },
    ],
    [
      'answers without a token',
      (farEnd) => {
        farEnd.onToken = (_, response) => json(response, 200, {});
      },
    ],
    [
      'drops the connection',
      (farEnd) => {
        farEnd.onToken = (_, response) => void response.destroy();
      },
    ],
  ])('that %s leaves reads and purchases unsent', async (_, break_) => {
    const millom = await stage.farEnd();
    break_(millom);
    const client = stage.client(millom);
    expect(await failureOf(client.balance(ALICE))).toBeInstanceOf(TelcoUnreachable);
    expect(await failureOf(client.purchase(ALICE, ORDER))).toBeInstanceOf(TelcoUnreachable);
    expect(millom.calls).toHaveLength(0);
  });

  test('is not asked again for a second, and then is', async () => {
    const millom = await stage.farEnd();
    const working = millom.onToken;
    millom.onToken = (_, response) => json(response, 400, {});
    let now = 0;
    const client = stage.client(millom, { now: () => now });
    for (let i = 0; i < 10; i++) await failureOf(client.balance(ALICE));
    expect(millom.tokenRequests).toHaveLength(1);
    millom.onToken = working;
    now = 1_001;
    await client.balance(ALICE);
    expect(millom.tokenRequests).toHaveLength(2);
  });

  test.each([429, 503])('that answers %s is left alone for as long as it says', async (status) => {
    const millom = await stage.farEnd();
    const working = millom.onToken;
    millom.onToken = (_, response) => void response.writeHead(status, { 'retry-after': '120' }).end();
    let now = 0;
    const client = stage.client(millom, { now: () => now });
    await failureOf(client.balance(ALICE));
    now = 119_000;
    await failureOf(client.balance(ALICE));
    expect(millom.tokenRequests).toHaveLength(1);
    millom.onToken = working;
    now = 121_000;
    await client.balance(ALICE);
    expect(millom.tokenRequests).toHaveLength(2);
  });

  test('costs a waiting caller no more than its deadline', async () => {
    const millom = await stage.farEnd();
    millom.onToken = () => undefined;
    const started = performance.now();
    const failure = await failureOf(stage.client(millom).purchase(ALICE, ORDER, { deadlineMs: 200 }));
    expect(failure).toBeInstanceOf(TelcoUnreachable);
    expect(performance.now() - started).toBeLessThan(1_000);
    await millom.stop();
  });

  test('does not matter while the old token is still good', async () => {
    const millom = await stage.farEnd();
    let now = 0;
    const client = stage.client(millom, { now: () => now });
    await client.balance(ALICE);
    millom.onToken = (_, response) => json(response, 503, {});
    now = 3_599_000;
    await client.balance(ALICE);
    await sleep(50);
    await client.balance(ALICE);
    now = 3_601_000;
    expect(await failureOf(client.balance(ALICE))).toBeInstanceOf(TelcoUnreachable);
  });
});

test('no error carries the token, the secret or the number', async () => {
  const millom = await stage.farEnd();
  millom.onToken = (_, response) => json(response, 200, '{"access_token":"leaky-token" broken');
  const failure = await failureOf(stage.client(millom).balance(ALICE));
  let text = '';
  for (let error = failure; error instanceof Error; error = error.cause)
    text += `${error.stack}${JSON.stringify(error)}`;
  expect(text).not.toContain('leaky-token');
  expect(text).not.toContain('secret');
  expect(text).not.toContain(ALICE.key.value);
});
