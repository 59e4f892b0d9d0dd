import { useCallback, useEffect, useState } from 'preact/hooks';
import type { SessionView } from '../../../bot/access/people/routes.js';
import { get, onSignedOut, post, RequestFailed } from '../api/http.js';

/** Why somebody is not in. */
export type Trouble = 'failed' | 'no-role' | 'unavailable' | 'too-many';

export interface Access {
  /** Whether somebody is logged in, and how one does; not known at first. */
  readonly view: SessionView | undefined;
  readonly trouble: Trouble | undefined;
  /** Refill does not answer. */
  readonly unreachable: boolean;
  readonly busy: boolean;
  enter(token: string): void;
  leave(): void;
  retry(): void;
}

const TROUBLES: readonly Trouble[] = ['failed', 'no-role', 'unavailable', 'too-many'];

/** Who looks at this page: asked once, and again when the server says that nobody is logged in. */
export function useAccess(): Access {
  const [view, setView] = useState<SessionView>();
  const [trouble, setTrouble] = useState<Trouble | undefined>(troubleInAddress);
  const [unreachable, setUnreachable] = useState(false);
  const [busy, setBusy] = useState(false);

  const ask = useCallback(() => {
    setUnreachable(false);
    get<SessionView>('/console/session').then(setView, () => setUnreachable(true));
  }, []);
  const enter = useCallback(async (token: string) => {
    setBusy(true);
    setTrouble(undefined);
    try {
      setView(await post<SessionView>('/console/login/token', { token }));
    } catch (error) {
      setTrouble(error instanceof RequestFailed && error.status === 429 ? 'too-many' : 'failed');
    }
    setBusy(false);
  }, []);

  useEffect(() => {
    // First what the link says: with a session that goes on, a used link does not matter.
    const look = () => {
      const token = takeToken();
      if (token === undefined) ask();
      else void enter(token).then(ask);
    };
    look();
    // The link opened where the page is open already changes the address and loads nothing.
    addEventListener('hashchange', look);
    const stop = onSignedOut(ask);
    return () => {
      removeEventListener('hashchange', look);
      stop();
    };
  }, [ask, enter]);

  return {
    view,
    trouble,
    unreachable,
    busy,
    enter: (token) => void enter(token.trim()),
    leave: () => void post<{ next: string }>('/console/logout', {}).then(({ next }) => location.assign(next), ask),
    retry: ask,
  };
}

/** The one-time token of a link from the start of Refill, which then leaves the address and the history. */
function takeToken(): string | undefined {
  const token = new URLSearchParams(location.hash.slice(1)).get('login') ?? undefined;
  if (token !== undefined) history.replaceState(null, '', location.pathname + location.search);
  return token;
}

/** What the way back from the issuer says. */
function troubleInAddress(): Trouble | undefined {
  const said = new URLSearchParams(location.search).get('login');
  if (said !== null) history.replaceState(null, '', location.pathname + location.hash);
  return TROUBLES.find((trouble) => trouble === said);
}
