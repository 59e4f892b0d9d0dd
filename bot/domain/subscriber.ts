/** How a telco is told whom we mean. MSISDN is full E.164 without `+`; a CPID is volatile and never a database key. */
export type KeyType = 'MSISDN' | 'CPID' | 'OPET';

export interface SubscriberKey {
  readonly type: KeyType;
  readonly value: string;
}

/** A key that stays: what a line may be found by for good. */
export interface LastingKey extends SubscriberKey {
  readonly type: Exclude<KeyType, 'CPID'>;
}

/** One subscription at one operator: what a telco call is about. */
export interface Line {
  /** Refill's own opaque id; safe in jobs, logs and URLs, unlike `key`. */
  readonly id: string;
  readonly operator: string;
  readonly key: SubscriberKey;
}
