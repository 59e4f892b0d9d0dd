/**
 * Small values that end by themselves, for whoever needs to remember something for a while. Losing one costs comfort, never
 * money: what is owed is in the ledger. A key holds no phone number, and a value that could is sealed by its owner.
 */
export interface ShortLived {
  get(key: string): Promise<string | undefined>;
  /** The value, whose time begins anew. */
  touch(key: string, ttlMs: number): Promise<string | undefined>;
  set(key: string, value: string, ttlMs: number): Promise<void>;
  remove(key: string): Promise<void>;
  /** The value, for exactly one of those who ask; then it is gone. */
  take(key: string): Promise<string | undefined>;
  /** Adds `by` (0: only looks) to the number under `key`, which ends `ttlMs` after its first addition; what it is then. */
  count(key: string, by: 0 | 1, ttlMs: number): Promise<number>;
}
