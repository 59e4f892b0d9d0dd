import type { Message, Submission } from '../api/types.js';

/** Something the subscriber said, and how far it got. */
export interface Mine {
  readonly who: 'me';
  readonly id: string;
  readonly at: number;
  readonly text: string;
  readonly state: 'sending' | 'sent' | 'taken' | 'failed';
  /** Kept until it is sent, for trying again. */
  readonly submission?: Submission;
}

/** Something Refill said. */
export interface Theirs {
  readonly who: 'refill';
  readonly id: string;
  readonly at: number;
  readonly message: Message;
}

export type Entry = Mine | Theirs;

export interface Chat {
  readonly entries: readonly Entry[];
  readonly typing: boolean;
  readonly connection: 'connecting' | 'open' | 'lost';
  /** True once the past has been replayed. */
  readonly ready: boolean;
}

export type ChatEvent =
  | { readonly type: 'message'; readonly message: Message }
  | { readonly type: 'mine'; readonly id: string; readonly at: number; readonly text: string }
  | { readonly type: 'typing'; readonly on: boolean }
  | { readonly type: 'taken'; readonly id: string }
  | { readonly type: 'say'; readonly submission: Submission; readonly text: string; readonly at: number }
  | { readonly type: 'sent' | 'failed' | 'retry'; readonly id: string }
  | { readonly type: 'connection'; readonly state: 'open' | 'lost' }
  | { readonly type: 'ready' };

export const EMPTY_CHAT: Chat = { entries: [], typing: false, connection: 'connecting', ready: false };

/** More than anyone scrolls back, few enough to draw. */
const MAX_ENTRIES = 300;

/** The chat after something happened. Pure; the same event twice changes nothing. */
export function reduce(chat: Chat, event: ChatEvent): Chat {
  switch (event.type) {
    case 'message':
      return withMessage(chat, event.message);
    case 'mine':
      return withMine(chat, { who: 'me', id: event.id, at: event.at, text: event.text, state: 'sent' });
    case 'say': {
      const { submission, text, at } = event;
      return withMine(chat, { who: 'me', id: submission.id, at, text, state: 'sending', submission });
    }
    case 'typing':
      return { ...chat, typing: event.on };
    case 'taken':
      return withState(chat, event.id, 'taken');
    case 'sent':
      return withState(chat, event.id, 'sent');
    case 'failed':
      return withState(chat, event.id, 'failed');
    case 'retry':
      return {
        ...chat,
        entries: chat.entries.map((entry) => (isMine(entry, event.id) ? { ...entry, state: 'sending' } : entry)),
      };
    case 'connection':
      return { ...chat, connection: event.state, typing: event.state === 'open' && chat.typing };
    case 'ready':
      return { ...chat, ready: true };
  }
}

/** An answer means that everything sent before it was taken, however its own tick got lost. */
function withMessage(chat: Chat, message: Message): Chat {
  if (chat.entries.some((entry) => entry.who === 'refill' && entry.id === message.id)) return chat;
  const entries = chat.entries.map((entry) =>
    entry.who === 'me' && entry.state === 'sent' ? { ...entry, state: 'taken' as const } : entry,
  );
  return {
    ...chat,
    typing: false,
    entries: shorten([...entries, { who: 'refill', id: message.id, at: message.at, message }]),
  };
}

/** The echo of what this tab said itself proves nothing: only the answer to its own request does. */
function withMine(chat: Chat, mine: Mine): Chat {
  if (chat.entries.some((entry) => isMine(entry, mine.id))) return chat;
  return { ...chat, entries: shorten([...chat.entries, mine]) };
}

const ORDER = { failed: 0, sending: 1, sent: 2, taken: 3 } as const;

/** A state only ever moves forward, except that what is being sent may fail. */
function withState(chat: Chat, id: string, state: Mine['state']): Chat {
  const entries = chat.entries.map((entry) => {
    if (!isMine(entry, id)) return entry;
    const fails = state === 'failed' && entry.state === 'sending';
    return fails || ORDER[state] > ORDER[entry.state] ? { ...entry, state } : entry;
  });
  return { ...chat, entries };
}

function isMine(entry: Entry, id: string): entry is Mine {
  return entry.who === 'me' && entry.id === id;
}

function shorten(entries: readonly Entry[]): readonly Entry[] {
  return entries.length > MAX_ENTRIES ? entries.slice(-MAX_ENTRIES) : entries;
}

/** The entries by the calendar day they belong to in `timezone`, in order. */
export function byDay(
  entries: readonly Entry[],
  timezone: string,
): { readonly day: string; readonly entries: Entry[] }[] {
  const format = new Intl.DateTimeFormat('en-CA', { timeZone: timezone, dateStyle: 'short' });
  const days: { day: string; entries: Entry[] }[] = [];
  for (const entry of entries) {
    const day = format.format(entry.at);
    const last = days.at(-1);
    if (last?.day === day) last.entries.push(entry);
    else days.push({ day, entries: [entry] });
  }
  return days;
}
