import type { Pauses } from '../../bot/pauses.js';

/** What a call counts against. */
export interface Counted {
  readonly team: string;
  readonly method: string;
  /** Where a message is posted. */
  readonly channel?: string;
}

/** Who is left alone for a while because Slack said so. */
export interface Holds {
  /** Milliseconds until a call may be made; 0 for now. */
  left(call: Counted): number;
  /** Slack asked to wait `ms` milliseconds. */
  hold(call: Counted, ms: number): void;
}

/**
 * Slack counts by app, workspace and method, and `chat.postMessage` by channel besides: about one a second each
 * (docs.slack.dev/apis/web-api/rate-limits). Its refusal does not say which it was. So a message turned away holds its channel,
 * and only when another channel is turned away meanwhile the whole method.
 */
export function createHolds(pauses: Pauses): Holds {
  const methodOf = ({ team, method }: Counted) => `slack:${team}:${method}`;
  const channelOf = (call: Counted) =>
    call.method === 'chat.postMessage' && call.channel !== undefined ? `${methodOf(call)}:${call.channel}` : undefined;

  return {
    left(call) {
      const channel = channelOf(call);
      return Math.max(pauses.left(methodOf(call)), channel === undefined ? 0 : pauses.left(channel));
    },
    hold(call, ms) {
      const [method, channel] = [methodOf(call), channelOf(call)];
      if (channel === undefined) return pauses.hold(method, ms);
      const suspicion = `${method}?`;
      const another = pauses.left(suspicion) > 0 && pauses.left(channel) === 0;
      if (another) pauses.hold(method, ms);
      pauses.hold(suspicion, ms);
      pauses.hold(channel, ms);
    },
  };
}
