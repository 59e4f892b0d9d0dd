/** A subscriber as the sandbox shows them: amounts are decimal strings, `unlimited` among them. */
export interface World {
  readonly id: string;
  readonly money: string;
  readonly owed: string;
  readonly currency: string;
  readonly state: string;
  readonly persona: { readonly accountType: 'prepaid' | 'postpaid' };
  readonly plans: readonly Plan[];
  readonly roaming: boolean;
  readonly optedOut: boolean;
  /** E.164 without `+`. */
  readonly msisdn: string;
  /** What came to the phone, newest last. */
  readonly messages: readonly { readonly text: string; readonly at: string }[];
  readonly nextPurchase?: NextPurchase;
}

export interface Plan {
  readonly planId: string;
  readonly name: string;
  readonly expiresAt: string;
  readonly gauges: readonly Gauge[];
}

export interface Gauge {
  readonly unit: string;
  readonly quota: string;
  readonly remaining: string;
}

export interface NextPurchase {
  readonly mode: 'completed' | 'processing';
  readonly callbackDelayMs?: number;
  readonly callback?: 'once' | 'never' | 'twice' | 'late' | 'early' | 'contradicting';
  readonly errorType?: string;
}

/** A fault that waits for a call to the operator. */
export interface Fault {
  readonly operation?: string;
  readonly kind: string;
  readonly subscriberId?: string;
}
