import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { MessageRefs } from '../../bot/message-refs.js';

/**
 * Tells a second delivery of one tap from a second tap. Teams sends a submit again, under a new activity id, when the answer
 * took too long; people press a button again because they want it again.
 */
export interface Once {
  /**
   * The event id of what was done: `activityId`, or that of the same thing done just before in this conversation, when it is
   * still being taken in or was within the last seconds. Anything else done in between makes it a new one.
   */
  idOf(conversationId: string, what: readonly string[], activityId: string): Promise<string>;
  /** It has been taken in and the platform is being told so. */
  taken(conversationId: string, what: readonly string[], id: string): void;
}

/** Teams gives up on an answer after 10 to 15 seconds and tries again; a minute covers a process that was killed meanwhile. */
const WHILE_TAKING_MS = 60_000;
/** Afterwards: a double click, or an answer that was lost on its way. */
const AFTER_MS = 4_000;

const KEY = 'teams:last';

const last = z.object({ what: z.string(), id: z.string(), at: z.number(), taken: z.boolean() });
type Last = z.infer<typeof last>;

export function createOnce(refs: MessageRefs, now: () => number): Once {
  /** One at a time per conversation: two deliveries at the same moment are one tap, too. */
  const queues = new Map<string, Promise<unknown>>();

  async function read(conversationId: string): Promise<Last | undefined> {
    const saved = await refs.get(conversationId, KEY);
    return saved === undefined ? undefined : last.safeParse(JSON.parse(saved)).data;
  }

  async function decide(conversationId: string, what: string, activityId: string): Promise<string> {
    try {
      const before = await read(conversationId);
      const window = before?.taken === true ? AFTER_MS : WHILE_TAKING_MS;
      if (before?.what === what && now() - before.at < window) return before.id;
      await refs.set(
        conversationId,
        KEY,
        JSON.stringify({ what, id: activityId, at: now(), taken: false } satisfies Last),
      );
    } catch {
      // The store is away: then the mailbox is too, and says so.
    }
    return activityId;
  }

  return {
    async idOf(conversationId, what, activityId) {
      const turn = (queues.get(conversationId) ?? Promise.resolve()).then(() =>
        decide(conversationId, print(what), activityId),
      );
      queues.set(conversationId, turn);
      try {
        return await turn;
      } finally {
        if (queues.get(conversationId) === turn) queues.delete(conversationId);
      }
    },
    taken(conversationId, what, id) {
      const note: Last = { what: print(what), id, at: now(), taken: true };
      refs.set(conversationId, KEY, JSON.stringify(note)).catch(() => undefined);
    },
  };
}

/** Not the words themselves: a form may hold a phone number. */
function print(what: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(what)).digest('base64url');
}
