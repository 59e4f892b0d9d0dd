import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Telco } from '../../bot/telco.js';
import { ALICE, type FarEnd, failureOf, json, ORDER, Stage } from './far-end.js';
import { loadSpec, type Schema } from './spec.js';

const spec = loadSpec('upsell.yaml');
const describeWithSpec = spec ? describe : describe.skip;
const reason = spec ? '' : ' (skipped: ../shared/specs/millom/upsell.yaml is not beside this repository)';

const stage = new Stage();
afterEach(() => stage.clear());

const CPID = { operator: 'digi', key: { type: 'CPID', value: '7/FC8N+pqR==,47001' } } as const;

/** Every call in every variation, each with an answer of the kind the specification gives as an example. */
const CALLS: readonly [string, (telco: Telco) => Promise<unknown> | undefined, number, unknown][] = [
  ['account', (telco) => telco.account(ALICE, { language: 'en' }), 200, { accountType: 'PREPAID', currency: 'USD' }],
  ['account by CPID', (telco) => telco.account(CPID), 200, { balances: [{ balanceType: 'main', balance: '1.01' }] }],
  ['balance', (telco) => telco.balance(CPID, { language: 'es-MX' }), 200, { activePlans: [], accountStatus: 'ACTIVE' }],
  ['offers', (telco) => telco.offers(ALICE, { language: 'ur' }), 200, { subscriberState: 'NEED_TOPUP', offers: [] }],
  ['purchase', (telco) => telco.purchase(ALICE, ORDER), 200, { transid: ORDER.transactionId, status: 'completed' }],
  [
    'purchase of a loan',
    (telco) => telco.purchase(CPID, { ...ORDER, fundSource: 'loan', context: 'x' }, { language: 'en' }),
    202,
    { transid: ORDER.transactionId, status: 'processing', fundSource: 'LOAN' },
  ],
  ['register', (telco) => telco.register?.(CPID, ['low-data', 'monetary-reload'], { language: 'en' }), 200, undefined],
  ['unregister', (telco) => telco.register?.(ALICE, []), 200, undefined],
];

/** What the specification has against a request that arrived; an unknown path is an error too. */
function errorsIn({ method, url, headers, body }: FarEnd['calls'][number]): string[] {
  const parsed = new URL(url, 'http://millom');
  const operation = spec?.find(method, parsed.pathname);
  return (
    operation?.requestErrors({ url: parsed, headers, body }) ?? [`${method} ${parsed.pathname}: no such operation`]
  );
}

describeWithSpec(`upsell.yaml${reason}`, () => {
  test.each(CALLS)('%s: the request is valid, and a valid answer is understood', async (_, call, status, body) => {
    const millom = await stage.farEnd();
    millom.onCall = (_, response) => json(response, status, body ?? '');
    const telco = stage.client(millom, { planType: 'principal', dealerCode: 'D', clientName: 'OCS' });
    await call(telco);
    const [seen] = millom.calls;
    if (seen === undefined) throw new Error('nothing arrived');
    expect(errorsIn(seen)).toEqual([]);
    const answered = spec?.find(seen.method, new URL(seen.url, millom.url).pathname);
    if (body !== undefined) expect(answered?.responseErrors(status, body)).toEqual([]);
  });

  test('the validator would notice', () => {
    const seen = {
      method: 'POST',
      url: '/std/sp/digi/1/purchasePlan?key_type=IMSI&x=1',
      headers: { 'content-type': 'application/json' },
      body: '{"planid":7}',
    };
    const errors = errorsIn(seen);
    expect(errors.join()).toContain('transid');
    expect(errors.join()).toContain('planid');
    expect(errors.join()).toContain('key_type');
    expect(errorsIn({ ...seen, method: 'GET' })).toHaveLength(1);
  });

  test('any balance the specification allows is understood, and no plan is lost', async () => {
    await forAnyAnswer('balance', async (telco, answer) => {
      const { plans } = await telco.balance(ALICE);
      expect(plans.map(({ id }) => id)).toEqual(idsOf(answer.activePlans));
    });
  });

  test('any offers the specification allows are understood, and no offer that can be bought is lost', async () => {
    await forAnyAnswer('upsellOffer', async (telco, answer) => {
      const { state, offers } = await telco.offers(ALICE);
      expect(state).not.toBe('unknown');
      expect(offers.map(({ planId }) => planId)).toEqual(idsOf(answer.offers));
    });
  });

  test('any account the specification allows is understood', async () => {
    await forAnyAnswer('accountInfo', async (telco, answer) => {
      const { type, wallets } = await telco.account(ALICE);
      expect(type?.toUpperCase()).toBe(answer.accountType);
      expect(wallets.length).toBeLessThanOrEqual(answer.balances?.length ?? 0);
    });
  });

  test('each cause the specification lists is a refusal of its own', async () => {
    const millom = await stage.farEnd();
    const schema = spec?.find('GET', '/std/a/b/c/balance')?.responseSchema('default');
    const reasons = new Set<unknown>();
    for (const cause of schema?.properties?.cause?.enum ?? []) {
      millom.onCall = (_, response) => json(response, 400, { cause });
      const failure = await failureOf(stage.client(millom).balance(ALICE));
      expect(failure).toMatchObject({ code: 'TELCO_REFUSED' });
      reasons.add((failure as { reason: unknown }).reason);
    }
    expect(reasons.size).toBe(10);
  });
});

/** The parts of a generated answer that are compared with what the client made of it. */
interface SpecAnswer {
  readonly activePlans?: readonly { readonly planId: string }[];
  readonly offers?: readonly { readonly planId?: string }[];
  readonly accountType?: string;
  readonly balances?: readonly unknown[];
}

function idsOf(items: readonly { readonly planId?: string }[] = []) {
  return items.map(({ planId }) => planId).filter((id) => id !== undefined);
}

/** Serves a hundred random answers that are valid by the specification. */
async function forAnyAnswer(
  resource: string,
  check: (telco: Telco, answer: SpecAnswer) => Promise<void>,
): Promise<void> {
  const operation = spec?.find('GET', `/std/sp/digi/1/${resource}`);
  if (operation === undefined) throw new Error(`no ${resource}`);
  const millom = await stage.farEnd();
  const telco = stage.client(millom);
  await fc.assert(
    fc.asyncProperty(arbitrary(operation.responseSchema(200)), async (answer) => {
      expect(operation.responseErrors(200, answer)).toEqual([]);
      millom.onCall = (_, response) => json(response, 200, answer);
      await check(telco, answer as SpecAnswer);
    }),
    { numRuns: 100 },
  );
}

/** Values that fit a schema. */
function arbitrary(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case 'object': {
      const properties = Object.entries(schema.properties ?? {}).map(
        ([key, value]) => [key, arbitrary(value)] as const,
      );
      return fc.record(Object.fromEntries(properties), { requiredKeys: [...(schema.required ?? [])] });
    }
    case 'array':
      return fc.array(arbitrary(schema.items ?? {}), { maxLength: 3 });
    case 'number':
      return fc.oneof(fc.nat(), fc.double({ min: 0, max: 2 ** 63, noNaN: true }));
    case 'integer':
      return fc.nat();
    default:
      if (schema.format === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
      if (schema.format === 'currency') return fc.nat().map((cents) => (cents / 100).toFixed(2));
      return fc.string({ unit: 'grapheme', maxLength: 40 });
  }
}
