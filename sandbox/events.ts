/** One line of the sandbox's live log. Holds no number and no token. */
export interface SandboxEvent {
  readonly at: Date;
  readonly kind: 'call' | 'charge' | 'callback' | 'notification' | 'control';
  /** Short, in English, e.g. `purchasePlan → 202`. */
  readonly title: string;
  readonly subscriberId?: string;
  /** How long it took, in milliseconds. */
  readonly ms?: number;
  readonly ok?: boolean;
}

export type EventSink = (event: SandboxEvent) => void;
