import { useCallback, useEffect, useReducer, useRef } from 'preact/hooks';
import { post, RequestFailed } from '../api/http.js';
import { newId } from '../api/id.js';
import { openStream } from '../api/stream.js';
import type { Message, Session, Submission } from '../api/types.js';
import { type Chat, EMPTY_CHAT, reduce } from './store.js';

export interface ChatControls {
  readonly chat: Chat;
  say(text: string): void;
  press(token: string, label: string): void;
  /** Sends a filled-in form. */
  fill(token: string, values: Readonly<Record<string, string>>): void;
  /** Sends again what could not be sent. */
  retry(id: string): void;
}

const RETRY_WAITS_MS = [500, 1500, 4000];
/** Longer than any turn; then the dots would be a lie. */
const TYPING_MS = 12_000;

/** The conversation of `session`, live. `renew` opens its session again when the server does not know it any more. */
export function useChat(session: Session, renew: () => Promise<void>): ChatControls {
  const [chat, dispatch] = useReducer(reduce, EMPTY_CHAT);
  const path = `/web/${encodeURIComponent(session.conversation)}`;
  // One after the other: what is said first arrives first, even when it has to be tried again.
  const queue = useRef<Promise<void>>(Promise.resolve());
  const latest = useRef(chat);
  latest.current = chat;

  const submit = useCallback(
    (submission: Submission) => {
      queue.current = queue.current.then(async () => {
        const sent = await tryToSend(`${path}/messages`, submission, renew);
        dispatch({ type: sent ? 'sent' : 'failed', id: submission.id });
      });
    },
    [path, renew],
  );

  useEffect(() => {
    let position = '';
    let typingTimer: ReturnType<typeof setTimeout> | undefined;
    const close = openStream({
      url: () => `${path}/events${position ? `?after=${position}` : ''}`,
      onState: (state) => dispatch({ type: 'connection', state }),
      onRefused: renew,
      listeners: {
        message: (data, id) => {
          position = id;
          if (isMessage(data)) dispatch({ type: 'message', message: data });
        },
        mine: (data, id) => {
          position = id;
          dispatch({ type: 'mine', ...(data as { id: string; at: number; text: string }) });
        },
        typing: () => {
          clearTimeout(typingTimer);
          typingTimer = setTimeout(() => dispatch({ type: 'typing', on: false }), TYPING_MS);
          dispatch({ type: 'typing', on: true });
        },
        taken: (data) => dispatch({ type: 'taken', id: (data as { id: string }).id }),
        ready: () => {
          if (!latest.current.ready && position === '') submit({ id: newId(), hello: true });
          dispatch({ type: 'ready' });
        },
      },
    });
    return () => {
      clearTimeout(typingTimer);
      close();
    };
  }, [path, renew, submit]);

  const begin = (submission: Submission, text: string) => {
    dispatch({ type: 'say', submission, text, at: Date.now() });
    submit(submission);
  };
  return {
    chat,
    say: (text) => begin({ id: newId(), text }, text),
    press: (press, label) => begin({ id: newId(), press, label }, label),
    fill: (form, values) => begin({ id: newId(), form, values }, Object.values(values).join(' · ')),
    retry: (id) => {
      const entry = chat.entries.find((candidate) => candidate.id === id);
      if (entry?.who !== 'me' || !entry.submission) return;
      dispatch({ type: 'retry', id });
      submit(entry.submission);
    },
  };
}

/** The same id every time, so that trying again never says it twice. */
async function tryToSend(url: string, submission: Submission, renew: () => Promise<void>): Promise<boolean> {
  for (const wait of [...RETRY_WAITS_MS, undefined]) {
    try {
      await post(url, submission);
      return true;
    } catch (error) {
      const status = error instanceof RequestFailed ? error.status : 0;
      if (status === 401) await renew().catch(() => {});
      else if (status >= 400 && status < 500 && status !== 429) return false;
      if (wait === undefined) return false;
      await new Promise((done) => setTimeout(done, wait));
    }
  }
  return false;
}

/** It comes from our own server: only what would break the page is checked. */
function isMessage(data: unknown): data is Message {
  const message = data as Partial<Message>;
  return typeof message.id === 'string' && Array.isArray(message.blocks) && Array.isArray(message.actions);
}
