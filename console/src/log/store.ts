import type { LiveEvent } from '../api/types.js';

/** An event with a number of its own, so that a list of them can be drawn. */
export interface Row extends LiveEvent {
  readonly number: number;
}

export interface Log {
  /** Oldest first. */
  readonly rows: readonly Row[];
  /** What came while it was paused. */
  readonly waiting: readonly Row[];
  readonly paused: boolean;
  readonly connected: boolean;
}

export type LogAction =
  | { readonly type: 'event'; readonly event: LiveEvent }
  | { readonly type: 'pause' | 'resume' | 'clear' }
  | { readonly type: 'connected'; readonly on: boolean };

export const EMPTY_LOG: Log = { rows: [], waiting: [], paused: false, connected: true };

const KEPT = 200;

/** The log after something happened. Pure. */
export function reduceLog(log: Log, action: LogAction): Log {
  switch (action.type) {
    case 'event': {
      const last = log.waiting.at(-1) ?? log.rows.at(-1);
      const row = { ...action.event, number: (last?.number ?? 0) + 1 };
      if (log.paused) return { ...log, waiting: [...log.waiting, row].slice(-KEPT) };
      return { ...log, rows: [...log.rows, row].slice(-KEPT) };
    }
    case 'pause':
      return { ...log, paused: true };
    case 'resume':
      return { ...log, paused: false, rows: [...log.rows, ...log.waiting].slice(-KEPT), waiting: [] };
    case 'clear':
      return { ...log, rows: [], waiting: [] };
    case 'connected':
      return { ...log, connected: action.on };
  }
}

/** The rows about one conversation, and those about none in particular. */
export function about(rows: readonly Row[], conversation: string | undefined): readonly Row[] {
  if (conversation === undefined) return rows;
  return rows.filter((row) => row.conversation === undefined || row.conversation === conversation);
}
