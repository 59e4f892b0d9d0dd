/** How the telco of the purchases answers; it runs in a process of its own, `telco.ts`. */
export const TELCO = {
  clientId: 'refill',
  clientSecret: 'a-client-secret-for-the-benchmark',
  /** From its 202 to its callback: as soon as it can. What a telco takes in between is the telco's. */
  callbackDelayMs: 0,
} as const;

export type TelcoOrder =
  /** Answers with the telco's address. */
  | { readonly do: 'listen' }
  /** Callbacks go there. */
  | { readonly do: 'connect'; readonly refillUrl: string }
  /** Answers with every charge: the truth about money. */
  | { readonly do: 'charges' };

/** One charge, as far as the books are compared. */
export interface Charged {
  readonly subscriber: string;
  readonly transaction: string;
}
