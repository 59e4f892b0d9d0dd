import { appendFileSync, existsSync } from 'node:fs';

/** What the runner tells a Refill process it starts, in the variable REFILL_CHAOS. Nothing that ships reads it. */
export interface Orders {
  /** One JSON line per thing the oracle has to know; all processes append to it. */
  readonly journal: string;
  /** Once this file is there nobody dies any more. */
  readonly calm: string;
  /** Where this process dies, and at which time it comes by there (1: the first). */
  readonly point?: { readonly name: Point; readonly visit: number };
  /** A guard to take out, so that it can be seen that the oracle notices. */
  readonly without?: Guard;
  /** What the telco is said to promise. */
  readonly deduplicates: boolean;
}

/** `post-twice`: every order leaves twice. `skip-marker`: the order leaves, and only then `submitting` is committed. */
export const GUARDS = ['post-twice', 'skip-marker'] as const;
export type Guard = (typeof GUARDS)[number];

/** The places between two steps where a kill hurts most, by the process that passes them. */
export const POINTS = {
  worker: [
    'before-intent',
    'after-intent',
    'before-marker',
    'after-marker',
    'during-post',
    'after-post',
    'after-outcome',
    'before-unknown',
    'after-unknown',
    'before-outbox-job',
    'after-outbox-job',
    'before-send',
    'after-send',
    'after-told',
  ],
  web: ['before-deliver', 'after-deliver', 'before-callback', 'after-callback'],
} as const;
export type Point = (typeof POINTS)['worker' | 'web'][number];

export const orders = JSON.parse(process.env['REFILL_CHAOS'] ?? '{}') as Orders;

let visits = 0;

/** Appends one line. A kill cannot take it back or cut it: it is with the kernel when this returns. */
export function note(entry: Readonly<Record<string, unknown>>): void {
  appendFileSync(orders.journal, `${JSON.stringify({ at: Date.now(), pid: process.pid, ...entry })}\n`);
}

/** Ends this process here, as `kill -9` would, if the runner said so. */
export function reached(point: Point): void {
  if (orders.point?.name !== point) return;
  visits += 1;
  if (visits !== orders.point.visit || existsSync(orders.calm)) return;
  note({ kind: 'died', point });
  process.kill(process.pid, 'SIGKILL');
}
