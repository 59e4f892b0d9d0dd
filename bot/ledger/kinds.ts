import type { IdentityPromise } from './identities.js';

/** What a promise to a subscriber is about. */
export type OutboxKind = 'receipt' | 'checking' | 'registration' | 'withdrawal' | IdentityPromise;

/** Those that a message to the subscriber keeps. */
export const TOLD_KINDS: OutboxKind[] = ['receipt', 'checking', 'link-notice', 'link-news'];

export type NudgeState = 'queued' | 'sent' | 'skipped';
