/**
 * How long what is held about people is kept, in days since it was last of use. 0: for good. What is not listed here ends by
 * itself (docs/privacy.md): sessions, mailboxes, deliveries, quarantined callbacks.
 */
export const RETENTION_DAYS = {
  /** Who talked to us and where to answer, since they last wrote. Not while an alert they asked for is on, or something is owed. */
  conversations: 400,
  /** Numbers and CPIDs that no link, conversation or purchase needs any more. */
  lines: 400,
  /** Kept promises: receipts and the like. */
  outbox: 30,
  /** Alerts that were sent or skipped. */
  nudges: 90,
  /** In settled purchases: whose conversation it was, the telco's cookie, what the line had. The purchase itself stays. */
  purchases: 400,
  /** Every yes and no but the newest, which stays as long as its conversation. */
  consents: 1095,
  /** One-time codes that were asked for, and the counts against flooding. */
  codes: 2,
  /** Tokens of the telco that ended. */
  tokens: 30,
  /** The audit trail of links. */
  'link-events': 1095,
  /** What an operator said of a SIM, by fingerprint. Not while it still stands against a proof from before it. */
  signals: 400,
  /** Who asked to be forgotten, by opaque ids, once it was done. */
  erasures: 30,
  /** Events that were given up: what somebody wrote, sealed. */
  'dead-letters': 30,
  /** Work for people, once it was done. */
  tasks: 400,
} as const;

export type RetentionKind = keyof typeof RETENTION_DAYS;
export type Retention = Readonly<Record<RetentionKind, number>>;

/** Ten years: longer is a typing error. */
const MAX_DAYS = 3653;

/** Reads `outbox=14,nudges=0`: the periods that differ. `undefined` when it is not of that form. */
export function readRetention(text: string): Retention | undefined {
  const periods: Record<string, number> = { ...RETENTION_DAYS };
  for (const part of text.split(',').filter((given) => given.trim() !== '')) {
    const [, kind = '', days = ''] = /^\s*([a-z-]+)\s*=\s*(\d{1,4})\s*$/.exec(part) ?? [];
    if (!Object.hasOwn(RETENTION_DAYS, kind) || Number(days) > MAX_DAYS) return undefined;
    periods[kind] = Number(days);
  }
  return periods as Retention;
}
