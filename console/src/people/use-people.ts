import { useCallback, useEffect, useState } from 'preact/hooks';
import { get, post, RequestFailed } from '../api/http.js';
import type { Persona, Session } from '../api/types.js';
import { recall, remember } from '../ui/storage.js';

export interface People {
  readonly personas: readonly Persona[] | undefined;
  readonly session: Session | undefined;
  /** Nobody was chosen in this browser yet. */
  readonly mustChoose: boolean;
  readonly failed: boolean;
  become(subscriber: string): void;
  /** Opens the session again, e.g. after it ran out. */
  renew(): Promise<void>;
  retry(): void;
}

/** Who there is to be, and who we are: `?as=daniel` in the address, else the one remembered. */
export function usePeople(): People {
  const [personas, setPersonas] = useState<readonly Persona[]>();
  const [session, setSession] = useState<Session>();
  const [subscriber, setSubscriber] = useState(
    () => new URLSearchParams(location.search).get('as') ?? recall('subscriber'),
  );
  const [failed, setFailed] = useState(false);
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    get<Persona[]>('/web/personas').then(setPersonas, () => setFailed(true));
  }, [attempt]);

  useEffect(() => {
    if (subscriber === undefined) return;
    let current = true;
    open(subscriber).then(
      (opened) => {
        if (!current) return;
        remember('subscriber', subscriber);
        setSession(opened);
      },
      (error: unknown) => {
        if (!current) return;
        // Remembered from another time, or mistyped: let them choose.
        if (error instanceof RequestFailed && (error.status === 404 || error.status === 400)) setSubscriber(undefined);
        else setFailed(true);
      },
    );
    return () => {
      current = false;
    };
  }, [subscriber, attempt]);

  return {
    personas,
    session,
    mustChoose: subscriber === undefined,
    failed,
    become: setSubscriber,
    renew: useCallback(async () => {
      if (subscriber !== undefined) await open(subscriber);
    }, [subscriber]),
    retry: () => {
      setFailed(false);
      setAttempt(attempt + 1);
    },
  };
}

/** The session itself travels in a cookie. */
function open(subscriber: string): Promise<Session> {
  return post<Session>('/web/sessions', { subscriber });
}
