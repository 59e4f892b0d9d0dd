import type { Account, AccountType, ActivePlan, Balance, Wallet } from '../../bot/domain/balance.js';
import { isDecimal } from '../../bot/domain/money.js';
import type { FundSource, Offer, OfferList, SubscriberState } from '../../bot/domain/offer.js';
import type { Amount, Gauge, Quota } from '../../bot/domain/quota.js';
import type { MultilingualText } from '../../bot/domain/text.js';
import { type PurchaseOrder, TelcoRefused, type TelcoSubscriber, type TopUpRequest } from '../../bot/telco.js';
import type { AccountInfoResponse, ActivationRequest, BalanceResponse, OfferInfoResponse } from './schema.js';

/** Millom's account, in Refill's words. Wallets without a currency or a readable amount are left out. */
export function toAccount(response: AccountInfoResponse): Account {
  const currency = toCurrency(response.currency);
  return {
    ...optional('type', toAccountType(response.accountType)),
    ...optional('currency', currency),
    wallets: currency === undefined ? [] : response.balances.flatMap((balance) => toWallet(balance, currency)),
    ...optional('validUntil', toDate(response.validUntil)),
  };
}

/** Millom's balance, in Refill's words. */
export function toBalance(response: BalanceResponse): Balance {
  const status = response.accountStatus?.trim().toUpperCase();
  return {
    plans: (response.activePlans ?? []).map(toPlan),
    ...(response.activePlans === undefined && { plansMissing: true }),
    ...optional('accountType', toAccountType(response.accountType)),
    ...optional('accountActive', status === 'ACTIVE' ? true : status === 'INACTIVE' ? false : undefined),
    ...optional('money', toDecimal(response.monetaryBalance?.balance)),
    ...optional('moneyExpiresAt', toDate(response.monetaryBalance?.expiry)),
    ...optional('expiresAt', toDate(response.expiry)),
    ...optional('validUntil', toDate(response.validUntil)),
  };
}

/** Millom's offers, in Refill's words. A price that cannot be read is no price: the offer is shown, never sold. */
export function toOffers(response: OfferInfoResponse): OfferList {
  const state = STATES[response.subscriberState?.trim().toUpperCase() ?? ''] ?? 'unknown';
  return { state, offers: response.offers.map((offer) => toOffer(offer, state)) };
}

/** The order, in Millom's words. */
export function toActivationRequest(order: PurchaseOrder): ActivationRequest {
  return {
    transid: order.transactionId,
    planid: order.planId,
    ...optional('offercontext', order.context),
    fundSource: order.fundSource === 'loan' ? 'LOAN' : 'WALLET',
  };
}

/** top-up.yaml, TopupRequest. Its numbers are MSISDNs: someone known by a token only cannot ask. */
export function toTopUpRequest({ key }: TelcoSubscriber, { requestorName, donorName, donorMsisdn }: TopUpRequest) {
  if (key.type !== 'MSISDN') throw new TelcoRefused('not-allowed');
  return {
    requestor: { userNumber: { msisdn: `+${key.value.replace(/^\+/, '')}` }, name: requestorName },
    donor: { userNumber: { msisdn: `+${donorMsisdn}` }, name: donorName },
  };
}

const STATES: Readonly<Record<string, SubscriberState>> = {
  GOOD_TO_GO: 'good-to-go',
  NEED_OFFERS: 'need-offers',
  NEED_LOANS: 'need-loans',
  NEED_TOPUP: 'need-top-up',
};

function toWallet(balance: AccountInfoResponse['balances'][number], currency: string): Wallet[] {
  const amount = toDecimal(balance.balance);
  if (amount === undefined) return [];
  const kind = balance.balanceType?.trim().toLowerCase() || 'main';
  return [{ kind, money: { amount, currency }, ...optional('expiresAt', toDate(balance.expiry)) }];
}

type Plan = NonNullable<BalanceResponse['activePlans']>[number];

function toPlan(plan: Plan): ActivePlan {
  const applications = plan.applications.map((application) => application.trim().toLowerCase());
  return {
    id: plan.planId,
    name: toTexts(plan.planName),
    description: toTexts(plan.planDescription),
    gauges: plan.gauge.flatMap(toGauge),
    ...optional('expiresAt', toDate(plan.expiry)),
    // `generic` is upsell.yaml's word for a plan that serves everything.
    applications: applications.includes('generic') ? [] : applications,
  };
}

/** A gauge is drawn from two numbers; with one of them missing there is nothing true to draw. */
function toGauge(gauge: Plan['gauge'][number]): Gauge[] {
  const quota = toAmount(gauge.quota);
  const remaining = toAmount(gauge.remaining);
  const unit = toUnit(gauge.unit);
  if (quota === 'unlimited' || remaining === 'unlimited') {
    return [{ unit, quota: quota ?? 'unlimited', remaining: remaining ?? 'unlimited' }];
  }
  return quota === undefined || remaining === undefined ? [] : [{ unit, quota, remaining }];
}

function toOffer(offer: OfferInfoResponse['offers'][number], state: SubscriberState): Offer {
  const amount = toDecimal(offer.cost);
  const currency = toCurrency(offer.costCurrency);
  return {
    planId: offer.planId,
    name: toTexts(offer.planName),
    description: toTexts(offer.planDescription),
    ...(amount !== undefined && currency !== undefined && { price: { amount, currency } }),
    quotas: offer.quota.flatMap(toQuota),
    fundSource: toFundSource(offer.fundSource, state),
    ...optional('kind', offer.type ?? undefined),
    ...optional('context', offer.offerContext ?? undefined),
  };
}

function toQuota(quota: OfferInfoResponse['offers'][number]['quota'][number]): Quota[] {
  const amount = toAmount(quota.quota);
  return amount === undefined ? [] : [{ unit: toUnit(quota.unit), amount }];
}

/** upsell.yaml tells loans by the subscriber's state alone; a `fundSource` on the offer itself knows better. */
function toFundSource(own: string | null | undefined, state: SubscriberState): FundSource {
  const named = own?.trim().toUpperCase();
  if (named === 'LOAN') return 'loan';
  if (named === 'WALLET') return 'wallet';
  return state === 'need-loans' ? 'loan' : 'wallet';
}

function toAccountType(type: string | null | undefined): AccountType | undefined {
  const known = type?.trim().toLowerCase();
  return known === 'prepaid' || known === 'postpaid' ? known : undefined;
}

function toUnit(unit: string): string {
  return unit.trim().toLowerCase();
}

/** `und` is BCP 47 for "nobody said". */
function toTexts(texts: readonly { language?: string | null | undefined; text: string }[]): MultilingualText[] {
  return texts.map(({ language, text }) => ({ language: withoutComma(language ?? '') || 'und', text }));
}

/** Several of Millom's own examples carry a comma inside the quotes: `"en,"`. */
export function withoutComma(text: string): string {
  return text.trim().replace(/,$/, '');
}

/** The decimal string of an amount of money; `undefined` when it is none. A number is written out by its own digits. */
export function toDecimal(value: string | number | null | undefined): string | undefined {
  if (value === undefined || value === null) return undefined;
  const decimal = withoutComma(String(value));
  return isDecimal(decimal) ? decimal : undefined;
}

function toCurrency(code: string | null | undefined): string | undefined {
  const currency = withoutComma(code ?? '').toUpperCase();
  return /^[A-Z]{3}$/.test(currency) ? currency : undefined;
}

/** 2^63 − 1: how upsell.yaml writes "unlimited". Whatever a sloppy producer rounded up from it is no less unlimited. */
const UNLIMITED = 2n ** 63n - 1n;
const NUMBER = /^([+-]?)(\d{1,40})(?:\.(\d{0,40}))?(?:e([+-]?\d{1,2}))?$/i;

/** A whole number of units, exactly: fractions are cut off, less than nothing is nothing. `undefined` when it is no number. */
export function toAmount(value: string | number | null | undefined): Amount | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value > 0 ? BigInt(value) : 0n;
  const match = NUMBER.exec(withoutComma(String(value)));
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const places = whole.length + Number(exponent);
  const digits = (whole + fraction).slice(0, Math.max(0, places)).padEnd(places, '0');
  const amount = sign === '-' || digits === '' ? 0n : BigInt(digits);
  return amount >= UNLIMITED ? 'unlimited' : amount;
}

const DATE = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?(Z|[+-]\d\d:?\d\d)?$/i;

/** A point in time. Millom's examples leave the zone out; then it is UTC. `undefined` when it is no date. */
export function toDate(value: string | null | undefined): Date | undefined {
  const match = DATE.exec(withoutComma(value ?? ''));
  if (match === null) return undefined;
  const [, day, time = '00:00', zone = 'Z'] = match;
  const date = new Date(`${day}T${time}${zone.toUpperCase().replace(/(\d\d)(\d\d)$/, '$1:$2')}`);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** `{ [key]: value }`, or nothing when there is no value: absent fields stay absent. */
function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]: Value });
}
