import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fastify, { type FastifyInstance } from 'fastify';
import {
  type MillomWebhookOptions,
  millomWebhooks,
  type PurchaseResult,
  type WebhookEvent,
} from '../../adapters/millom/index.js';
import type { Notification } from '../../adapters/millom/webhooks.js';
import { HttpProblem } from '../../bot/problem.js';
import { loadSpec } from './spec.js';

const TRANSACTION = '5f1c3f3e-8a52-4a52-9d43-6a1a0f6a2f11';
const CALLBACK = '/millom/callback/v1/digi/?idValue=60123456789&idType=MSISDN';
const NOTIFY = '/millom/notify/digi/v1/single?idValue=60123456789&idType=MSISDN';
const RESULT = { transactionId: TRANSACTION, appId: 'refill' };
const LOW = { transactionId: 'note-1', type: 'low-data' };

let http: FastifyInstance;
let results: PurchaseResult[];
let notifications: Notification[];
let events: WebhookEvent[];
let onResult: Awaited<ReturnType<MillomWebhookOptions['purchaseResult']>>;
let onNotify: Awaited<ReturnType<MillomWebhookOptions['notify']>>;
let bodiesRead: number;

beforeEach(async () => {
  [results, notifications, events, onResult, onNotify, bodiesRead] = [[], [], [], 'applied', 'queued', 0];
  http = await serve();
});
afterEach(() => http.close());

/** The webhooks inside the smallest app that serves them as Refill's does. */
async function serve(options: Partial<MillomWebhookOptions> = {}): Promise<FastifyInstance> {
  const app = fastify();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_: unknown, body: Buffer) => {
    bodiesRead++;
    return body;
  });
  app.setErrorHandler((error, _, reply) => {
    if (!(error instanceof HttpProblem)) return reply.code(500).send({ detail: String(error) });
    return reply.code(error.status).send({ detail: error.detail, code: error.code, ...error.extra });
  });
  await app.register(millomWebhooks, {
    authorize: async (request) => {
      if (request.headers.authorization !== 'Bearer good') throw new HttpProblem(401, 'unauthorized', 'no');
    },
    purchaseResult: async (result) => {
      results.push(result);
      return onResult;
    },
    notify: async (notification) => {
      notifications.push(notification);
      return onNotify;
    },
    onEvent: (event) => events.push(event),
    ...options,
  });
  return app;
}

async function post(url: string, body: unknown, headers: Record<string, string> = {}) {
  const payload = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await http.inject({
    method: 'POST',
    url,
    payload,
    headers: { authorization: 'Bearer good', 'content-type': 'application/json', ...headers },
  });
  return { status: response.statusCode, problem: response.body === '' ? undefined : response.json() };
}

describe('a purchase callback', () => {
  test('without an errorType is a success', async () => {
    await expect(post(CALLBACK, { ...RESULT, message: 'done', redirectLink: 'http://evil' })).resolves.toEqual({
      status: 200,
    });
    expect(results).toEqual([
      {
        operator: 'digi',
        subscriber: { type: 'MSISDN', value: '60123456789' },
        transactionId: TRANSACTION,
        message: 'done',
      },
    ]);
    expect(events).toEqual([{ webhook: 'callback', operator: 'digi', outcome: 'applied' }]);
  });

  test('is taken with and without the last slash', async () => {
    expect((await post(CALLBACK.replace('/?', '?'), RESULT)).status).toBe(200);
    expect(results).toHaveLength(1);
  });

  test.each([
    ['TIMEOUT', 'TIMEOUT'],
    ['SOMETHING_NEW', 'SOMETHING_NEW'],
    ['402', '402'],
    [500, '500'],
    [200, '200'],
    ['', 'UNSPECIFIED'],
    [false, 'UNSPECIFIED'],
    [0, '0'],
    [{ code: 1 }, 'UNSPECIFIED'],
    [[], 'UNSPECIFIED'],
    ['a <script> of any length', 'UNSPECIFIED'],
  ])('with errorType %j is a failure', async (errorType, failure) => {
    expect((await post(CALLBACK, { ...RESULT, errorType })).status).toBe(200);
    expect(results).toMatchObject([{ failure }]);
  });

  test('with a null errorType is a success', async () => {
    await post(CALLBACK, { ...RESULT, errorType: null });
    expect(results[0]).not.toHaveProperty('failure');
  });

  test.each([
    ['applied', 200],
    ['repeated', 409],
    ['unknown', 404],
    ['mismatch', 404],
  ] as const)('that was %s is answered with %i', async (outcome, status) => {
    onResult = outcome;
    expect((await post(CALLBACK, RESULT)).status).toBe(status);
    expect(events).toMatchObject([{ outcome }]);
  });

  test('about a stranger and about nothing get the same answer', async () => {
    onResult = 'unknown';
    const unknown = await post(CALLBACK, RESULT);
    onResult = 'mismatch';
    expect(await post(CALLBACK, RESULT)).toEqual(unknown);
  });

  test.each([true, 'true'])('that is a dry run (%j) changes nothing', async (dryRun) => {
    expect(await post(CALLBACK, { ...RESULT, dryRun })).toEqual({ status: 200 });
    expect(results).toEqual([]);
    expect(events).toMatchObject([{ outcome: 'dry-run' }]);
  });

  test('that says it is no dry run counts', async () => {
    await post(CALLBACK, { ...RESULT, dryRun: false });
    expect(results).toHaveLength(1);
  });

  test('whose result could not be stored is not acknowledged', async () => {
    await http.close();
    http = await serve({ purchaseResult: () => Promise.reject(new HttpProblem(503, 'store-down', 'later')) });
    expect((await post(CALLBACK, RESULT)).status).toBe(503);
  });

  test.each([
    ['CPID', 'ab%2Bc%2F%3D%2C50216', 'ab+c/=,50216'],
    ['CPID', 'ab+c/=,50216', 'ab+c/=,50216'],
    ['OPET', '5tyFU4tub89hTYnPqO==', '5tyFU4tub89hTYnPqO=='],
    ['MSISDN', '%2B60123456789', '60123456789'],
    ['MSISDN', '+60123456789', '60123456789'],
  ])('names its subscriber by %s, escaped or not: %s', async (type, sent, value) => {
    expect((await post(`/millom/callback/v1/digi/?idValue=${sent}&idType=${type}`, RESULT)).status).toBe(200);
    expect(results[0]?.subscriber).toEqual({ type, value });
  });
});

describe('a notification', () => {
  test('is queued', async () => {
    const planDetails = {
      planId: 'P',
      planName: [
        { language: 'en', name: 'Big' },
        { language: 'ms', name: 'Besar' },
      ],
    };
    await expect(post(`${NOTIFY}&override=true`, { ...LOW, planDetails })).resolves.toEqual({ status: 202 });
    expect(notifications).toEqual([
      {
        operator: 'digi',
        subscriber: { type: 'MSISDN', value: '60123456789' },
        transactionId: 'note-1',
        type: 'low-data',
        planName: [
          { language: 'en', text: 'Big' },
          { language: 'ms', text: 'Besar' },
        ],
        override: true,
      },
    ]);
    expect(events).toEqual([{ webhook: 'notify', operator: 'digi', outcome: 'queued' }]);
  });

  test.each([
    ['queued', 202, undefined],
    ['duplicate', 202, undefined],
    ['no-consent', 403, 'NO_CONSENT'],
    ['unknown-subscriber', 404, 'NO_CPID'],
  ] as const)('that is %s is answered with %i', async (outcome, status, errorType) => {
    onNotify = outcome;
    const answer = await post(NOTIFY, LOW);
    expect(answer.status).toBe(status);
    expect(answer.problem?.errorType).toBe(errorType);
  });

  test.each(['', '&override=false'])('is no override with "%s"', async (query) => {
    await post(NOTIFY + query, LOW);
    expect(notifications[0]?.override).toBe(false);
  });

  test('is taken with the stray commas and single objects of the specification', async () => {
    const answer = await post(NOTIFY, {
      transactionId: 'a9d37c79-1760-4008,',
      type: 'pack-near-consumption,',
      messages: { language: 'en,', message: 'almost used up' },
      planDetails: { planId: '123456,', balance: '10345,', planName: { language: 'en,', name: 'Internet' } },
    });
    expect(answer.status).toBe(202);
    expect(notifications).toMatchObject([
      {
        transactionId: 'a9d37c79-1760-4008',
        type: 'pack-near-consumption',
        planName: [{ language: 'en', text: 'Internet' }],
      },
    ]);
  });

  test.each([7, 'name', [], { planName: 7 }, { planName: [{ language: 'en' }, null] }, null])(
    'does without a plan name that cannot be read: %j',
    async (planDetails) => {
      expect((await post(NOTIFY, { ...LOW, planDetails })).status).toBe(202);
      expect(notifications[0]?.planName).toEqual([]);
    },
  );
});

describe('a bad request', () => {
  test.each<[string, string, unknown, string]>([
    ['no idValue', '/millom/callback/v1/digi/?idType=MSISDN', RESULT, 'query.idValue'],
    ['an empty idValue', '/millom/callback/v1/digi/?idValue=&idType=CPID', RESULT, 'query.idValue'],
    ['two idValues', `${CALLBACK}&idValue=1`, RESULT, 'query.idValue'],
    ['an MSISDN of letters', '/millom/callback/v1/digi/?idValue=abcdef&idType=MSISDN', RESULT, 'query.idValue'],
    ['no idType', '/millom/callback/v1/digi/?idValue=1', RESULT, 'query.idType'],
    ['an unknown idType', '/millom/callback/v1/digi/?idValue=1&idType=IMSI', RESULT, 'query.idType'],
    ['no transactionId', CALLBACK, { appId: 'a' }, 'body.transactionId'],
    ['no appId', CALLBACK, { transactionId: 'a' }, 'body.appId'],
    ['a transactionId of the wrong type', CALLBACK, { ...RESULT, transactionId: ['a'] }, 'body.transactionId'],
    ['an unreadable dryRun', CALLBACK, { ...RESULT, dryRun: 'perhaps' }, 'body.dryRun'],
    ['a list', CALLBACK, [], 'body'],
    ['a word', CALLBACK, '"ok"', 'body'],
    ['half a document', CALLBACK, '{"transactionId":', 'body'],
    ['nothing', CALLBACK, '', 'body'],
    ['a poisoned prototype', CALLBACK, '{"transactionId":"a","appId":"b","__proto__":{"dryRun":true}}', 'body'],
    ['a disguised one', CALLBACK, '{"transactionId":"a","appId":"b","x":{"\\u005f_proto__":1}}', 'body'],
    ['a poisoned constructor', CALLBACK, '{"transactionId":"a","appId":"b","constructor":{"prototype":{}}}', 'body'],
    ['an unknown type', NOTIFY, { ...LOW, type: 'low-spirits' }, 'body.type'],
    ['no type', NOTIFY, { transactionId: 'abc' }, 'body.type'],
    ['a transactionId that is too short', NOTIFY, { ...LOW, transactionId: '2,' }, 'body.transactionId'],
    ['one that is too long', NOTIFY, { ...LOW, transactionId: 'x'.repeat(129) }, 'body.transactionId'],
    ['an OPET, which notify.yaml does not know', NOTIFY.replace('MSISDN', 'OPET'), LOW, 'query.idType'],
    ['an unreadable override', `${NOTIFY}&override=1`, LOW, 'query.override'],
  ])('with %s gets 400, and the field is named', async (_, url, body, field) => {
    const { status, problem } = await post(url, body);
    expect({ status, field: problem.field }).toEqual({ status: 400, field });
    expect(problem.detail).toMatch(new RegExp(`^${field}: `));
    expect(results).toEqual([]);
    expect(notifications).toEqual([]);
    expect(({} as { dryRun?: unknown }).dryRun).toBeUndefined();
  });

  test('with half a million brackets gets 413', async () => {
    const { status, problem } = await post(CALLBACK, '['.repeat(250_000) + ']'.repeat(250_000));
    expect({ status, field: problem.field }).toEqual({ status: 413, field: 'body' });
    expect(results).toEqual([]);
  });

  test('does not get its own words back', async () => {
    const { problem } = await post(NOTIFY, { ...LOW, type: 'canary-60123456789' });
    expect(JSON.stringify(problem)).not.toContain('60123456789');
  });

  test('without authorisation gets 401 before its body is read', async () => {
    for (const url of [CALLBACK, NOTIFY]) {
      expect((await post(url, RESULT, { authorization: 'Bearer bad' })).status).toBe(401);
    }
    expect(bodiesRead).toBe(0);
    expect([...results, ...notifications]).toEqual([]);
  });

  test('for an operator that is not served gets 404', async () => {
    await http.close();
    http = await serve({ operators: new Set(['dtac']) });
    expect((await post(CALLBACK, RESULT)).status).toBe(404);
    expect(await post(NOTIFY, LOW)).toMatchObject({ status: 404, problem: { errorType: 'NO_CPID' } });
    expect((await post(CALLBACK.replace('digi', 'dtac'), RESULT)).status).toBe(200);
  });

  test.each(['%2e%2e%2f', 'a%20b', `${'x'.repeat(41)}`])('for an operator called %s gets 404', async (operator) => {
    expect((await post(CALLBACK.replace('digi', operator), RESULT)).status).toBe(404);
  });
});

const notifySpec = loadSpec('notify.yaml');
const callbackSpec = loadSpec('purchase-callback.yaml');
const specsHere = notifySpec && callbackSpec;
const reason = specsHere ? '' : ' (skipped: the specifications are not beside this repository)';

(specsHere ? describe : describe.skip)(`by notify.yaml and purchase-callback.yaml${reason}`, () => {
  const headers = { 'content-type': 'application/json' };

  test.each([
    [{ ...LOW, subscriptionType: 'prepaid', overUsagePolicy: 'blocked' }],
    [{ ...LOW, messages: [{ language: 'en', message: 'hi' }], planDetails: { planId: 'P', quota: 2e9, balance: 1 } }],
    [
      {
        ...LOW,
        type: 'monetary-reload',
        monetaryBalance: { totalBalance: 105.2, currency: 'MMK', currencyCode: 'MMK' },
      },
    ],
  ])('a valid notification is queued: %j', async (body) => {
    const operation = notifySpec?.find('POST', '/digi/v1/single');
    const url = new URL(NOTIFY, 'http://refill');
    expect(operation?.requestErrors({ url, headers, body: JSON.stringify(body) })).toEqual([]);
    expect((await post(NOTIFY, body)).status).toBe(202);
  });

  test('each type the specification lists is queued', async () => {
    for (const type of notifySpec?.find('POST', '/digi/v1/single')?.requestSchema().properties?.type?.enum ?? []) {
      expect((await post(NOTIFY, { ...LOW, type })).status).toBe(202);
    }
    expect(notifications).toHaveLength(9);
  });

  test('each errorType the specification lists is a failure of that name', async () => {
    const operation = callbackSpec?.find('POST', '/callback/v1/digi/');
    const types = operation?.requestSchema().properties?.errorType?.enum ?? [];
    for (const errorType of types) {
      const body = { ...RESULT, appId: 'google', errorType, errorCode: '400.70.2', dryRun: false };
      const url = new URL(CALLBACK, 'http://refill');
      expect(operation?.requestErrors({ url, headers, body: JSON.stringify(body) })).toEqual([]);
      expect((await post(CALLBACK, body)).status).toBe(200);
    }
    expect(results.map(({ failure }) => failure)).toEqual(types);
    expect(types).toHaveLength(28);
  });
});
