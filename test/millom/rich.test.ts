import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fastify, { type FastifyInstance } from 'fastify';
import { type MillomRichOptions, millomRichWebhooks } from '../../adapters/millom/index.js';
import type { RichNotification, RichResult } from '../../adapters/millom/rich.js';
import { HttpProblem } from '../../bot/problem.js';
import { loadSpec } from './spec.js';

const CPID = '7/C8NpcqRiX3rja4JslR83FtKXHSJnMgXJOXZ/awPWIge8W+FcBt0==,47001';
const TRANSACTION = '5f1c3f3e-8a52-4a52-9d43-6a1a0f6a2f11';
const links = (uuid = 'bbe5531d-0680-4632-a2ab-ff91e7e69f24', signature = 's') => ({
  refresh: `https://millom.example/rnf/x/offers?uuid=${uuid}&expirySeconds=1694515016&signature=${signature}`,
  ping: `https://millom.example/rnf/x/ping?uuid=${uuid}&expirySeconds=1694515016&signature=${signature}`,
});
const DAY = {
  planId: 'DAY',
  cost: '2.00',
  costCurrency: 'MYR',
  planName: [{ language: 'en', text: 'A day' }],
  quota: [{ unit: 'bytes', quota: 1_073_741_824 }],
  fundSource: 'WALLET',
  offerContext: 'cookie',
  purchaseLink: 'https://millom.example/rnf/x/purchasePlan?planId=DAY&uuid=other',
};
const RICH = { cpid: CPID, offers: [DAY], ...links() };

let http: FastifyInstance;
let notified: RichNotification[];
let results: RichResult[];
let onNotify: Awaited<ReturnType<MillomRichOptions['notify']>>;
let onResult: Awaited<ReturnType<MillomRichOptions['purchaseResult']>>;
let now: number;

beforeEach(async () => {
  [notified, results, onNotify, onResult, now] = [[], [], 'queued', 'applied', Date.UTC(2026, 10, 21, 12, 5)];
  http = fastify();
  http.removeAllContentTypeParsers();
  http.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_: unknown, body: Buffer) => body);
  http.setErrorHandler((error, _, reply) => {
    if (!(error instanceof HttpProblem)) return reply.code(500).send({ detail: String(error) });
    return reply.code(error.status).send({ detail: error.detail, code: error.code, ...error.extra });
  });
  await http.register(millomRichWebhooks, {
    authorize: async ({ headers }, scope) => {
      if (headers.authorization !== `Bearer ${scope}`) throw new HttpProblem(401, 'unauthorized', 'no');
    },
    notify: async (notification) => {
      notified.push(notification);
      return onNotify;
    },
    purchaseResult: async (result) => {
      results.push(result);
      return onResult;
    },
    now: () => new Date(now),
  });
});
afterEach(() => http.close());

async function post(path: 'rich-notifications' | 'rich-callback', body: unknown, scope?: string) {
  const response = await http.inject({
    method: 'POST',
    url: `/millom/${path}`,
    payload: typeof body === 'string' ? body : JSON.stringify(body),
    headers: {
      authorization: `Bearer ${scope ?? (path === 'rich-callback' ? 'callback' : 'notify')}`,
      'content-type': 'application/json',
    },
  });
  return { status: response.statusCode, text: response.body };
}

const ids = () => notified.map(({ transactionId }) => transactionId);

describe('a rich notification', () => {
  test('is who it is about and what is offered; its links are left alone', async () => {
    expect(await post('rich-notifications', RICH)).toEqual({ status: 200, text: '' });
    expect(notified).toEqual([
      {
        cpid: CPID,
        transactionId: expect.stringMatching(/^rich-[\w-]{22}$/),
        offers: [
          {
            planId: 'DAY',
            name: [{ language: 'en', text: 'A day' }],
            description: [],
            price: { amount: '2.00', currency: 'MYR' },
            quotas: [{ unit: 'bytes', amount: 1_073_741_824n }],
            fundSource: 'wallet',
            context: 'cookie',
          },
        ],
      },
    ]);
    expect(JSON.stringify(notified, (_, value) => (typeof value === 'bigint' ? `${value}` : value))).not.toContain(
      'http',
    );
  });

  test('is the same when it is sent again, signed anew or with its offers in another order', async () => {
    const two = { ...RICH, offers: [DAY, { ...DAY, planId: 'WEEK' }] };
    await post('rich-notifications', two);
    now += 86_400_000;
    await post('rich-notifications', { ...two, ...links(undefined, 'another'), offers: two.offers.toReversed() });
    expect(new Set(ids()).size).toBe(1);
  });

  test.each([
    ['another uuid', { ...RICH, ...links('11111111-0680-4632-a2ab-ff91e7e69f24') }],
    ['another subscriber', { ...RICH, cpid: `x${CPID}` }],
    ['another price', { ...RICH, offers: [{ ...DAY, cost: '3.00' }] }],
    ['another plan', { ...RICH, offers: [{ ...DAY, planId: 'WEEK' }] }],
  ])('is another one with %s', async (_, other) => {
    await post('rich-notifications', RICH);
    await post('rich-notifications', other);
    expect(new Set(ids()).size).toBe(2);
  });

  test('without links is the same for ten minutes', async () => {
    const bare = { cpid: CPID, offers: [DAY] };
    await post('rich-notifications', bare);
    now += 60_000;
    await post('rich-notifications', bare);
    expect(new Set(ids()).size).toBe(1);
    now += 11 * 60_000;
    await post('rich-notifications', bare);
    expect(new Set(ids()).size).toBe(2);
  });

  test.each([
    ['queued', 200],
    ['duplicate', 200],
    ['no-consent', 403],
    ['unknown-subscriber', 404],
  ] as const)('that is %s is answered with %i, and never with the CPID', async (outcome, status) => {
    onNotify = outcome;
    const answer = await post('rich-notifications', RICH);
    expect(answer.status).toBe(status);
    expect(answer.text).not.toContain('47001');
  });

  test('offers what can be bought here: no e-wallet, a loan as a loan, unlimited as unlimited', async () => {
    const offers = [
      { ...DAY, planId: 'E', fundSource: 'EWALLET' },
      { ...DAY, planId: 'L', fundSource: 'LOAN' },
      { ...DAY, planId: 'F', fundSource: 'FREE', cost: '0' },
      { ...DAY, planId: 'U', quota: [{ unit: 'bytes', quota: 'MANY' }] },
    ];
    // Beyond a double: written by hand.
    await post('rich-notifications', JSON.stringify({ cpid: CPID, offers }).replace('"MANY"', '9223372036854775807'));
    expect(notified[0]?.offers.map(({ planId, fundSource }) => [planId, fundSource])).toEqual([
      ['L', 'loan'],
      ['F', 'wallet'],
      ['U', 'wallet'],
    ]);
    expect(notified[0]?.offers.at(-1)?.quotas).toEqual([{ unit: 'bytes', amount: 'unlimited' }]);
  });

  test('without offers, with a single one where a list belongs, or with a broken one is taken for what it is', async () => {
    await post('rich-notifications', { cpid: CPID });
    await post('rich-notifications', { cpid: CPID, offers: DAY });
    await post('rich-notifications', { cpid: CPID, offers: [{ cost: 1 }, DAY, 'x'], refresh: 7 });
    expect(notified.map(({ offers }) => offers.length)).toEqual([0, 1, 1]);
  });

  test.each([
    [{}, 'cpid'],
    [{ ...RICH, cpid: '' }, 'cpid'],
    [{ ...RICH, cpid: 'x'.repeat(513) }, 'cpid'],
    ['{', 'JSON'],
    ['[]', 'body'],
  ])('%j is a 400 that names %s', async (body, field) => {
    const answer = await post('rich-notifications', body);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain(field);
    expect(notified).toEqual([]);
  });

  test('without the right to notify is not read', async () => {
    expect((await post('rich-notifications', RICH, 'callback')).status).toBe(401);
    expect(notified).toEqual([]);
  });
});

describe('a rich callback', () => {
  const RESULT = { transactionId: TRANSACTION, appId: 'refill' };

  test('without an errorType is a success; it names no subscriber', async () => {
    expect(await post('rich-callback', { ...RESULT, redirectLink: 'http://evil' })).toEqual({ status: 200, text: '' });
    expect(results).toEqual([{ transactionId: TRANSACTION }]);
  });

  test.each([
    ['TIMEOUT', 'TIMEOUT'],
    [402, '402'],
    ['', 'UNSPECIFIED'],
    [{}, 'UNSPECIFIED'],
  ])('with errorType %j is a failure', async (errorType, failure) => {
    await post('rich-callback', { ...RESULT, errorType });
    expect(results).toEqual([{ transactionId: TRANSACTION, failure }]);
  });

  test.each([
    ['applied', 200],
    ['repeated', 409],
    ['unknown', 404],
    ['mismatch', 404],
  ] as const)('that was %s is answered with %i', async (outcome, status) => {
    onResult = outcome;
    expect((await post('rich-callback', RESULT)).status).toBe(status);
  });

  test('that is a dry run changes nothing', async () => {
    expect((await post('rich-callback', { ...RESULT, dryRun: true })).status).toBe(200);
    expect(results).toEqual([]);
  });

  test.each([[{ appId: 'x' }], [{ transactionId: TRANSACTION }], ['nonsense']])('%j is a 400', async (body) => {
    expect((await post('rich-callback', body)).status).toBe(400);
  });

  test('without the right to call back is not read', async () => {
    expect((await post('rich-callback', RESULT, 'notify')).status).toBe(401);
    expect(results).toEqual([]);
  });
});

const spec = loadSpec('rich-notifications.yaml');
const describeWithSpec = spec ? describe : describe.skip;
const reason = spec ? '' : ' (skipped: ../shared/specs/millom/rich-notifications.yaml is not beside this repository)';

describeWithSpec(`rich-notifications.yaml${reason}`, () => {
  const schema = (path: string) => spec?.find('POST', path)?.requestSchema() as { allOf?: object[] } & object;

  test('has the fields that are read, and no others that say who or when', () => {
    const { allOf = [] } = schema('/notification/path/defined/by/service/provider');
    const fields = allOf.flatMap((part) => Object.keys((part as { properties: object }).properties));
    expect(fields.sort()).toEqual(['cpid', 'offers', 'ping', 'refresh', 'shop']);
  });

  test('its own examples are taken', async () => {
    const [, refreshable] = schema('/notification/path/defined/by/service/provider').allOf ?? [];
    const examples = examplesOf(refreshable as ExampleSchema);
    expect((await post('rich-notifications', { cpid: CPID, ...(examples as object) })).status).toBe(200);
    expect(notified[0]?.offers).toHaveLength(1);
    expect(notified[0]?.transactionId).toMatch(/^rich-/);
  });

  test('the callback has the fields of the other callback', () => {
    const fields = Object.keys(
      (schema('/callback/path/defined/by/service/provider/') as { properties: object }).properties,
    );
    expect(fields.sort()).toEqual([
      'appId',
      'dryRun',
      'errorCode',
      'errorType',
      'message',
      'redirectLink',
      'transactionId',
    ]);
  });
});

interface ExampleSchema {
  readonly type?: string;
  readonly example?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, ExampleSchema>>;
  readonly items?: ExampleSchema;
}

/** A value made of the examples a schema gives. */
function examplesOf({ type, example, enum: words, properties, items }: ExampleSchema): unknown {
  if (example !== undefined) return example;
  if (words !== undefined) return words[0];
  if (type === 'array') return [examplesOf(items ?? {})];
  if (type === 'object') {
    return Object.fromEntries(Object.entries(properties ?? {}).map(([key, value]) => [key, examplesOf(value)]));
  }
  return 'MYR';
}
