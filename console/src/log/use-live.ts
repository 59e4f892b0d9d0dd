import { useEffect, useReducer } from 'preact/hooks';
import { maybeSignedOut } from '../api/http.js';
import { openStream } from '../api/stream.js';
import { type LiveEvent, STAGES } from '../api/types.js';
import { EMPTY_LOG, type Log, type LogAction, reduceLog } from './store.js';

export interface LiveLog {
  readonly log: Log;
  readonly dispatch: (action: LogAction) => void;
}

/** What travels through Refill, as it happens. `onEvent` hears of everything, paused or not. */
export function useLive(onEvent: (event: LiveEvent) => void): LiveLog {
  const [log, dispatch] = useReducer(reduceLog, EMPTY_LOG);
  useEffect(
    () =>
      openStream({
        url: () => '/console/live',
        onState: (state) => dispatch({ type: 'connected', on: state === 'open' }),
        onRefused: maybeSignedOut,
        listeners: {
          message: (data) => {
            if (!isLiveEvent(data)) return;
            dispatch({ type: 'event', event: data });
            onEvent(data);
          },
        },
      }),
    [onEvent],
  );
  return { log, dispatch };
}

/** It comes from our own server: only what would break the page is checked. */
function isLiveEvent(data: unknown): data is LiveEvent {
  const event = data as Partial<LiveEvent>;
  return (
    typeof event.at === 'number' && typeof event.title === 'string' && STAGES.some((stage) => stage === event.stage)
  );
}
