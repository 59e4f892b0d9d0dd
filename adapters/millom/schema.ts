import { parse as parseLossless } from 'lossless-json';
import { z } from 'zod';

/**
 * What Millom sends, as upsell.yaml describes it and as tolerantly as its own examples need: an optional field of the wrong
 * type is an absent one, a single thing where a list belongs is a list of one, a malformed item costs that item only, and
 * enum values nobody has heard of are kept as data.
 */

/** A string; ids and amounts also arrive as bare numbers. */
const text = z.union([z.string(), z.number()]).transform(String);
const maybeText = text.nullish().catch(undefined);
/** A quantity or an amount: a number, or its digits where a number would have lost some (see `readJson`). */
const maybeNumber = z.union([z.string(), z.number()]).nullish().catch(undefined);

/** A list, of which the items that fit `item` are taken. */
function listOf<Item extends z.ZodType>(item: Item) {
  return maybeListOf(item).transform((items) => items ?? []);
}

/** Likewise; `undefined` where there is none, or nothing in it could be read. */
function maybeListOf<Item extends z.ZodType>(item: Item) {
  return z
    .unknown()
    .optional()
    .transform((value): z.output<Item>[] | undefined => {
      if (value === undefined || value === null) return undefined;
      const items = Array.isArray(value) ? value : [value];
      const read = items.flatMap((one) => {
        const result = item.safeParse(one);
        return result.success ? [result.data] : [];
      });
      return read.length === 0 && items.length > 0 ? undefined : read;
    });
}

const multilingual = listOf(
  z.union([
    z.object({ language: maybeText, text: z.string() }),
    z.string().transform((text) => ({ language: undefined, text })),
  ]),
);

export const accountInfoResponse = z.object({
  accountType: maybeText,
  currency: maybeText,
  balances: listOf(z.object({ balanceType: maybeText, balance: maybeNumber, expiry: maybeText })),
  validUntil: maybeText,
});

const gauge = z.object({ unit: z.string(), quota: maybeNumber, remaining: maybeNumber });

const activePlan = z.object({
  planId: text,
  planName: multilingual,
  planDescription: multilingual,
  expiry: maybeText,
  gauge: listOf(gauge),
  applications: listOf(z.string()),
});

/** The parts of a BalanceResponse we keep. The date of birth it may hold is nobody's business here and is not read. */
export const balanceResponse = z.object({
  activePlans: maybeListOf(activePlan),
  validUntil: maybeText,
  expiry: maybeText,
  accountType: maybeText,
  accountStatus: maybeText,
  monetaryBalance: z.object({ balance: maybeNumber, expiry: maybeText }).nullish().catch(undefined),
});

const offer = z.object({
  planId: text,
  cost: maybeNumber,
  costCurrency: maybeText,
  type: maybeText,
  planName: multilingual,
  planDescription: multilingual,
  quota: listOf(z.object({ unit: z.string(), quota: maybeNumber })),
  offerContext: maybeText,
  // Only in rich-notifications.yaml; believed wherever it turns up.
  fundSource: maybeText,
});

export const offerInfoResponse = z.object({ subscriberState: maybeText, offers: listOf(offer) });

export const activationResponse = z.object({
  transid: maybeText,
  status: maybeText,
  fundSource: maybeText,
  confirmationCode: maybeText,
});

export const errorDocument = z.object({ cause: z.string() });

export type AccountInfoResponse = z.output<typeof accountInfoResponse>;
export type BalanceResponse = z.output<typeof balanceResponse>;
export type OfferInfoResponse = z.output<typeof offerInfoResponse>;

/** Body of a purchase. The lower-case names are upsell.yaml's own, unlike `planId` and `offerContext` in its answers. */
export interface ActivationRequest {
  readonly transid: string;
  readonly planid: string;
  readonly offercontext?: string;
  readonly fundSource: 'WALLET' | 'LOAN';
}

/** Numbers a double may not hold exactly: 16 digits or more, or written with an exponent. */
const DELICATE = /[\d.]{16}|[:,[]\s*-?[\d.]+e/i;

/**
 * The JSON value of `body`, `undefined` when it is none. No digit is lost: a number too long for a double is returned as the
 * string of its digits. Never throws, because a parser's message quotes the body, which may hold a phone number.
 */
export function readJson(body: string | undefined): unknown {
  if (body === undefined) return undefined;
  const json = body.startsWith('\uFEFF') ? body.slice(1) : body;
  try {
    return DELICATE.test(json) ? parseLossless(json, null, exactNumber) : JSON.parse(json);
  } catch {
    return undefined;
  }
}

function exactNumber(digits: string): number | string {
  return digits.length < 16 && !/e/i.test(digits) ? Number(digits) : digits;
}
