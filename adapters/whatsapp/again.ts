import { LRUCache } from 'lru-cache';
import { ChannelBusy, ChannelUnreachable, type Outgoing } from '../../bot/channel.js';
import type { Vault } from '../../bot/secrets.js';
import type { ShortLived } from '../../bot/short-lived.js';
import { CODE_NOTICE } from './code-template.js';
import { createNotes } from './notes.js';
import { spread } from './waits.js';

export interface AgainParts {
  readonly send: (outgoing: Outgoing) => Promise<void>;
  readonly shortLived: Pick<ShortLived, 'get' | 'set'>;
  readonly vault: Pick<Vault, 'reference'>;
  readonly now: () => number;
}

/**
 * Sends a reply again that WhatsApp took and then failed for now, in a status. The last reply of a conversation is kept for
 * that, for two minutes, in the memory of the process that sent it and nowhere else; another process that hears of the failure
 * leaves a note with its id. A failure that is told twice, to whichever processes, is one. Once something else was said it is not
 * sent again, and what the ledger owes is not kept here.
 */
export interface Again {
  /** WhatsApp took the message, or may have. */
  took(outgoing: Outgoing): void;
  /** It could not be delivered for now. `messageId` is WhatsApp's own id, new with every try. */
  failed(conversationId: string, id: string, messageId: string): Promise<void>;
  close(): void;
}

const KEPT_MS = 120_000;
const MOST = 5_000;
const TRIES = 3;
const LOOK_EVERY_MS = 1_000;

interface Kept {
  readonly outgoing: Outgoing;
  tries: number;
  timer?: NodeJS.Timeout | undefined;
}

export function createAgain({ send, shortLived, vault, now }: AgainParts): Again {
  const kept = new LRUCache<string, Kept>({ max: MOST, ttl: KEPT_MS, dispose: ({ timer }) => clearTimeout(timer) });
  const notes = createNotes('whatsapp:again', shortLived, now);
  /** Failures that were acted on. */
  const heard = new LRUCache<string, true>({ max: MOST });
  let looking: NodeJS.Timeout | undefined;

  /** Acts on a failure once. False when the message is not kept here. */
  function hear(conversationId: string, id: string, failure: string): boolean {
    if (heard.has(failure)) return true;
    const ours = retry(conversationId, id);
    if (ours) heard.set(failure, true);
    return ours;
  }

  /** False when the message is not kept here. */
  function retry(conversationId: string, id: string): boolean {
    const found = kept.get(conversationId);
    if (found?.outgoing.id !== id) return false;
    if (found.timer !== undefined) return true;
    // CHANNELS.md "Pair rate": 4^X seconds, X from 0.
    if (found.tries < TRIES) later(found, 4 ** found.tries++ * 1_000);
    else kept.delete(conversationId);
    return true;
  }

  function later(found: Kept, ms: number): void {
    found.timer = setTimeout(() => void resend(found), spread(ms)).unref();
  }

  async function resend(found: Kept): Promise<void> {
    const { conversationId, id } = found.outgoing;
    found.timer = undefined;
    if (kept.get(conversationId) !== found) return;
    try {
      await send(found.outgoing);
    } catch (error) {
      if (kept.get(conversationId) !== found) return;
      if (error instanceof ChannelBusy && error.retryAfterMs < KEPT_MS) later(found, error.retryAfterMs);
      else if (error instanceof ChannelUnreachable) retry(conversationId, id);
      else kept.delete(conversationId);
    }
  }

  async function look(): Promise<void> {
    for (const [id, { about, failure }] of await notes.read())
      if (about !== undefined && failure !== undefined) hear(about, id, failure);
  }

  /** While there is something to send again; no reply waits for it. */
  function watch(): void {
    looking ??= setTimeout(() => {
      looking = undefined;
      kept.purgeStale();
      if (kept.size === 0) return;
      void look()
        .catch(() => undefined)
        .finally(watch);
    }, LOOK_EVERY_MS).unref();
  }

  return {
    took(outgoing) {
      const { conversationId, id, message, unprompted } = outgoing;
      const before = kept.get(conversationId);
      if (unprompted === true || message.notice?.name === CODE_NOTICE) return void kept.delete(conversationId);
      kept.set(conversationId, { outgoing, tries: before?.outgoing.id === id ? before.tries : 0 });
      watch();
    },
    async failed(conversationId, id, messageId) {
      // WhatsApp's ids hold the phone number.
      const failure = vault.reference('whatsapp-failure', messageId);
      if (hear(conversationId, id, failure)) return;
      await notes.leave(id, { until: now() + KEPT_MS, about: conversationId, failure });
    },
    close() {
      clearTimeout(looking);
      kept.clear();
    },
  };
}
