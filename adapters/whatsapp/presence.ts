import { LRUCache } from 'lru-cache';
import type { Graph } from './graph.js';

/** A quick answer needs no typing indicator: it is shown when a turn takes longer than this, in milliseconds. */
const SLOW_TURN_MS = 500;

/**
 * One read mark covers everything before it, so a lively conversation gets at most one in this time, in milliseconds. One for
 * every turn would cost a twentieth of a process's time under load.
 */
const READ_EVERY_MS = 2_000;

const REMEMBERED = 50_000;

/**
 * Read marks and the typing indicator. One call of the Graph API does both and needs the id of an inbound message, which this
 * process knows when it took that message's webhook. Nothing here is waited for, and a failure is of no consequence.
 */
export interface Presence {
  /** The newest message of a conversation came in. */
  heard(conversationId: string, messageId: string): void;
  /** A turn about this message takes its time; another process may have heard it come in. */
  began(conversationId: string, messageId: string): void;
  /** Its reply is out, which also ends the indicator on the user's screen. */
  replied(conversationId: string): void;
  /** The message was dealt with. */
  done(conversationId: string, messageId: string): void;
  close(): void;
}

interface Attention {
  latest?: string;
  /** What was marked last, and when. */
  marked?: string;
  markedAt: number;
  /** Waiting to mark the latest. */
  mark?: NodeJS.Timeout | undefined;
  /** Waiting to show that somebody is typing. */
  typing?: NodeJS.Timeout | undefined;
}

export function createPresence(graph: Pick<Graph, 'post'>, now: () => number): Presence {
  const stop = ({ mark, typing }: Attention) => {
    clearTimeout(mark);
    clearTimeout(typing);
  };
  const conversations = new LRUCache<string, Attention>({ max: REMEMBERED, dispose: stop });

  function attentionTo(conversationId: string): Attention {
    const known = conversations.get(conversationId);
    if (known !== undefined) return known;
    const fresh: Attention = { markedAt: 0 };
    conversations.set(conversationId, fresh);
    return fresh;
  }

  function call(attention: Attention, messageId: string, typing: boolean): void {
    clearTimeout(attention.mark);
    attention.mark = undefined;
    attention.marked = messageId;
    attention.markedAt = now();
    const read = { messaging_product: 'whatsapp', status: 'read', message_id: messageId };
    graph.post(typing ? { ...read, typing_indicator: { type: 'text' } } : read).catch(() => undefined);
  }

  return {
    heard(conversationId, messageId) {
      attentionTo(conversationId).latest = messageId;
    },
    began(conversationId, messageId) {
      const attention = attentionTo(conversationId);
      attention.latest ??= messageId;
      if (attention.typing !== undefined) return;
      attention.typing = setTimeout(() => {
        attention.typing = undefined;
        if (attention.latest !== undefined) call(attention, attention.latest, true);
      }, SLOW_TURN_MS).unref();
    },
    replied(conversationId) {
      const attention = conversations.get(conversationId);
      clearTimeout(attention?.typing);
      if (attention !== undefined) attention.typing = undefined;
    },
    done(conversationId, messageId) {
      const attention = attentionTo(conversationId);
      clearTimeout(attention.typing);
      attention.typing = undefined;
      attention.latest = messageId;
      if (attention.marked === messageId || attention.mark !== undefined) return;
      const wait = attention.markedAt + READ_EVERY_MS - now();
      if (wait <= 0) return call(attention, messageId, false);
      attention.mark = setTimeout(() => {
        if (attention.latest !== undefined) call(attention, attention.latest, false);
      }, wait).unref();
    },
    close() {
      for (const attention of conversations.values()) stop(attention);
      conversations.clear();
    },
  };
}
