/** What a stream is listened to for: an event's name and what to do with its JSON and its id. */
export type Listeners = Readonly<Record<string, (data: unknown, id: string) => void>>;

export interface StreamOptions {
  /** Asked for each time a connection is opened, so that it can go on where the last one ended. */
  readonly url: () => string;
  readonly listeners: Listeners;
  readonly onState: (state: 'open' | 'lost') => void;
  /** The server refused (a session that ran out, too many pages): resolves when it is worth trying again. */
  readonly onRefused?: () => Promise<void>;
}

const REFUSED_WAIT_MS = 3_000;
/** A browser allows six connections to a server: tabs nobody looks at give theirs back. */
const HIDDEN_MS = 20_000;

/** An EventSource that survives refusals and sleeps while its tab is hidden. Returns how to end it. */
export function openStream({ url, listeners, onState, onRefused }: StreamOptions): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;

  const open = () => {
    if (ended || source) return;
    source = new EventSource(url());
    source.onopen = () => onState('open');
    source.onerror = () => {
      onState('lost');
      if (source?.readyState !== EventSource.CLOSED) return; // It reconnects by itself.
      close();
      timer = setTimeout(
        () =>
          void Promise.resolve(onRefused?.())
            .catch(() => {})
            .then(open),
        REFUSED_WAIT_MS,
      );
    };
    for (const [event, listener] of Object.entries(listeners)) {
      source.addEventListener(event, ({ data, lastEventId }: MessageEvent<string>) => {
        const json = parse(data);
        if (json !== undefined) listener(json, lastEventId);
      });
    }
  };
  const close = () => {
    source?.close();
    source = undefined;
    clearTimeout(timer);
  };
  const onVisibility = () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(close, HIDDEN_MS);
    else open();
  };

  document.addEventListener('visibilitychange', onVisibility);
  open();
  return () => {
    ended = true;
    document.removeEventListener('visibilitychange', onVisibility);
    close();
  };
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}
