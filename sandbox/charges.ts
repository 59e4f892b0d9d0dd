/** Money that was taken. The list of these is the truth about money in every test. */
export interface Charge {
  readonly at: Date;
  readonly subscriberId: string;
  readonly transactionId: string;
  readonly planId: string;
  /** Decimal string. */
  readonly amount: string;
  readonly currency: string;
  readonly fundSource: 'WALLET' | 'LOAN';
}

/** Far more than a test or a trial makes; past it the oldest are forgotten, so that a sandbox may run for ever. */
const KEPT = 200_000;

export class ChargeLog {
  private entries: Charge[] = [];

  add(charge: Charge): void {
    this.entries.push(charge);
    if (this.entries.length > KEPT * 1.1) this.entries = this.entries.slice(-KEPT);
  }

  /** Oldest first. */
  all(): readonly Charge[] {
    return [...this.entries];
  }

  clear(): void {
    this.entries = [];
  }
}
