import { EventEmitter } from 'node:events';

/** One thing that travelled, for the console's live log. No words, no numbers: titles are made of verbs and kinds. */
export interface TraceEvent {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly stage: 'webhook' | 'turn' | 'telco' | 'callback' | 'nudge' | 'send' | 'sandbox';
  readonly title: string;
  readonly ok: boolean;
  readonly conversation?: string;
  readonly ms?: number;
  readonly detail?: string;
}

/** What is happening, told to whoever watches; costs next to nothing while nobody does. */
export interface Trace {
  emit(event: Omit<TraceEvent, 'at'>): void;
  subscribe(listener: (event: TraceEvent) => void): () => void;
}

/** Watchers of one process; a console has a handful. */
const MAX_WATCHERS = 50;

export function createTrace(now: () => number = Date.now): Trace {
  const emitter = new EventEmitter().setMaxListeners(MAX_WATCHERS);
  return {
    emit(event) {
      if (emitter.listenerCount('event') > 0) emitter.emit('event', { ...event, at: now() });
    },
    subscribe(listener) {
      emitter.on('event', listener);
      return () => void emitter.off('event', listener);
    },
  };
}
