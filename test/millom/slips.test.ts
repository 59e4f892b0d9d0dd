import { describe, expect, test } from '@jest/globals';
import type { ZodType, z } from 'zod';
import { toAccount, toBalance, toOffers } from '../../adapters/millom/map.js';
import { accountInfoResponse, balanceResponse, offerInfoResponse, readJson } from '../../adapters/millom/schema.js';

function parse<Schema extends ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  return schema.parse(readJson(typeof body === 'string' ? body : JSON.stringify(body)));
}
const account = (body: unknown) => toAccount(parse(accountInfoResponse, body));
const balance = (body: unknown) => toBalance(parse(balanceResponse, body));
const offers = (body: unknown) => toOffers(parse(offerInfoResponse, body));

const NAME = [{ language: 'en', text: 'Plan' }];

describe('answers that break their own specification', () => {
  test('null, and the wrong type, are the same as absent', () => {
    expect(
      balance({
        activePlans: null,
        accountType: 7,
        accountStatus: null,
        expiry: {},
        monetaryBalance: 'none',
        validUntil: [],
      }),
    ).toEqual({ plans: [], plansMissing: true });
    expect(account({ balances: null, currency: null, validUntil: null })).toEqual({ wallets: [] });
    expect(offers({ subscriberState: null, offers: null })).toEqual({ state: 'unknown', offers: [] });
  });

  test('a list of plans of which none can be read is no list; an empty one is', () => {
    expect(balance({ activePlans: [{ planName: NAME }, 'daily'] })).toEqual({ plans: [], plansMissing: true });
    expect(balance({ activePlans: [] })).toEqual({ plans: [] });
    expect(balance({ activePlans: [{ planId: 'P1' }, 'daily'] })).toMatchObject({ plans: [{ id: 'P1' }] });
  });

  test('a single thing stands for a list of one', () => {
    const { plans } = balance({
      activePlans: {
        planId: 'P1',
        planName: { language: 'en', text: 'One' },
        planDescription: '10 GB monthly data for USD 10',
        gauge: { unit: 'bytes', quota: 2, remaining: 1 },
        applications: 'social',
      },
    });
    expect(plans).toEqual([
      {
        id: 'P1',
        name: [{ language: 'en', text: 'One' }],
        description: [{ language: 'und', text: '10 GB monthly data for USD 10' }],
        gauges: [{ unit: 'bytes', quota: 2n, remaining: 1n }],
        applications: ['social'],
      },
    ]);
  });

  test('numbers come as strings, strings as numbers', () => {
    expect(
      balance({
        activePlans: [
          { planId: 17, planName: NAME, gauge: [{ unit: 'bytes', quota: '209715200', remaining: '10345,' }] },
        ],
        monetaryBalance: { balance: 1.1 },
      }),
    ).toMatchObject({ plans: [{ id: '17', gauges: [{ quota: 209715200n, remaining: 10345n }] }], money: '1.1' });
    expect(offers({ offers: [{ planId: 'P', cost: 14.1, costCurrency: 'myr' }] }).offers[0]?.price).toEqual({
      amount: '14.1',
      currency: 'MYR',
    });
  });

  test('a numeric plan id too long for a double is still the same id', () => {
    expect(offers('{"offers":[{"planId":12345678901234567890}]}').offers[0]?.planId).toBe('12345678901234567890');
  });

  test('one malformed plan or offer costs that one only', () => {
    expect(
      balance({
        activePlans: [
          { planId: 'A', planName: NAME },
          { planName: NAME },
          'plan',
          null,
          { planId: 'B', planName: NAME },
        ],
      }).plans.map(({ id }) => id),
    ).toEqual(['A', 'B']);
    expect(offers({ offers: [{ planId: {} }, { planId: 'C', planName: 7, quota: 'lots' }, 3] }).offers).toEqual([
      { planId: 'C', name: [], description: [], quotas: [], fundSource: 'wallet' },
    ]);
  });

  test('one malformed gauge costs that one only; nothing is drawn from half a gauge', () => {
    const gauge = [
      { unit: 'sms', quota: 10, remaining: 5 },
      { quota: 10, remaining: 5 },
      { unit: 'bytes', remaining: 5 },
      { unit: 'bytes', quota: 10 },
      { unit: 'bytes', quota: 'some', remaining: 5 },
      { unit: 'Carrier-Pigeons', quota: 3, remaining: 9 },
    ];
    expect(balance({ activePlans: [{ planId: 'A', planName: NAME, gauge }] }).plans[0]?.gauges).toEqual([
      { unit: 'sms', quota: 10n, remaining: 5n },
      { unit: 'carrier-pigeons', quota: 3n, remaining: 9n },
    ]);
  });

  test('unlimited is unlimited on either side, without costing its neighbours a digit', () => {
    const body = `{"activePlans":[{"planId":"U","planName":[],"gauge":[
      {"unit":"bytes","quota":9223372036854775807,"remaining":9223372036854775807},
      {"unit":"bytes","quota":9223372036854775807},
      {"unit":"bytes","quota":9223372036854775806,"remaining":9007199254740993}]}]}`;
    expect(balance(body).plans[0]?.gauges).toEqual([
      { unit: 'bytes', quota: 'unlimited', remaining: 'unlimited' },
      { unit: 'bytes', quota: 'unlimited', remaining: 'unlimited' },
      { unit: 'bytes', quota: 9223372036854775806n, remaining: 9007199254740993n },
    ]);
  });

  test('enum values nobody has heard of are data', () => {
    expect(offers({ subscriberState: 'NEED_A_HUG', offers: [] }).state).toBe('unknown');
    expect(balance({ accountType: 'HYBRID', accountStatus: 'ASLEEP' })).toEqual({ plans: [], plansMissing: true });
    expect(balance({ accountStatus: 'INACTIVE' }).accountActive).toBe(false);
  });

  test('money without a currency, or in a strange shape, is no money', () => {
    expect(account({ balances: [{ balance: '5.00' }] }).wallets).toEqual([]);
    expect(
      account({ currency: 'MYR', balances: [{ balance: 'a lot' }, { balanceType: 'LOAN', balance: '5.00' }] }).wallets,
    ).toEqual([{ kind: 'loan', money: { amount: '5.00', currency: 'MYR' } }]);
    for (const offer of [{ cost: '5' }, { costCurrency: 'MYR' }, { cost: 'five', costCurrency: 'MYR' }]) {
      expect(offers({ offers: [{ planId: 'P', ...offer }] }).offers[0]).not.toHaveProperty('price');
    }
  });

  test('a generic plan serves everything', () => {
    const plan = { planId: 'A', planName: NAME, applications: ['generic', 'video'] };
    expect(balance({ activePlans: [plan] }).plans[0]?.applications).toEqual([]);
  });
});

describe('the fund source of an offer', () => {
  test.each([
    ['GOOD_TO_GO', undefined, 'good-to-go', 'wallet'],
    ['NEED_OFFERS', undefined, 'need-offers', 'wallet'],
    ['NEED_LOANS', undefined, 'need-loans', 'loan'],
    ['NEED_TOPUP', undefined, 'need-top-up', 'wallet'],
    ['NEED_OFFERS', 'LOAN', 'need-offers', 'loan'],
    ['NEED_LOANS', 'WALLET', 'need-loans', 'wallet'],
    ['NEED_LOANS', 'BARTER', 'need-loans', 'loan'],
  ])('in state %s, named %s: %s, %s', (subscriberState, fundSource, state, expected) => {
    const list = offers({ subscriberState, offers: [{ planId: 'P', fundSource }] });
    expect(list.state).toBe(state);
    expect(list.offers[0]?.fundSource).toBe(expected);
  });
});

test('the date of birth goes no further', () => {
  const read = balance({ activePlans: [], dateOfBirth: '1990-12-31T23:59:59', accountId: '60123456789' });
  expect(JSON.stringify(read)).toBe('{"plans":[]}');
});
