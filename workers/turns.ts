import type { Entry, EntryHandler, Mailbox, MailboxWorker } from '../bot/conversation/mailbox.js';
import { apologise, runTurn } from '../bot/conversation/run-turn.js';
import type { TurnDeps } from '../bot/conversation/turn-deps.js';
import type { Logger } from '../bot/log.js';
import type { Metrics } from '../bot/metrics.js';
import type { Trace } from '../bot/trace.js';

export interface TurnsWorkerOptions {
  readonly mailbox: Mailbox;
  readonly turns: TurnDeps;
  readonly concurrency: number;
  readonly isTransient: (error: unknown) => boolean;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly trace: Trace;
}

/** Takes conversations' events one at a time, in order, and runs a turn for each. One log line a turn. */
export function startTurnsWorker(options: TurnsWorkerOptions): Promise<MailboxWorker> {
  const { mailbox, turns, concurrency, isTransient, log, metrics } = options;
  return mailbox.work(turnHandler(options), {
    concurrency,
    isTransient,
    async onDeadLetter(entry, error) {
      metrics.deadLetters.inc();
      log.error({ err: error, conversation: entry.event.conversationId, input: entry.event.kind }, 'event given up');
      await apologise(turns, entry);
    },
    onError: (error) => log.warn({ err: error }, 'turn failed'),
  });
}

function turnHandler({ turns, log, metrics, trace }: TurnsWorkerOptions): EntryHandler {
  return async (entry: Entry) => {
    const { conversationId: conversation, kind: input, at } = entry.event;
    const started = performance.now();
    const waited = Math.max(0, turns.now().getTime() - at);
    if (entry.event.replayed !== true) metrics.waitSeconds.observe(waited / 1000);
    try {
      const { session, summary } = await runTurn(turns, entry);
      const ms = Math.round(performance.now() - started);
      metrics.turns.inc({ channel: summary.channel, input, outcome: summary.outcome });
      log.info({ conversation, ...summary, waited, ms }, 'turn');
      trace.emit({ stage: 'turn', title: `turn: ${input}`, conversation, ms, ok: true });
      return session;
    } catch (error) {
      metrics.turns.inc({
        channel: 'from' in entry.event ? entry.event.from.channel : 'none',
        input,
        outcome: 'failed',
      });
      trace.emit({
        stage: 'turn',
        title: `turn: ${input}`,
        conversation,
        ms: Math.round(performance.now() - started),
        ok: false,
      });
      throw error;
    }
  };
}
