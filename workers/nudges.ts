import type { Mailbox } from '../bot/conversation/mailbox.js';
import type { JobRunner, Jobs } from '../bot/jobs.js';
import type { Ledger } from '../bot/ledger/ledger.js';
import type { Logger } from '../bot/log.js';

export interface NudgesWorkerOptions {
  readonly ledger: Ledger;
  readonly jobs: Jobs;
  readonly mailbox: Mailbox;
  readonly now: () => Date;
  readonly log: Logger;
}

const CONCURRENCY = 8;

/** Older ones are not even handed over: news like this ages. */
const STALE_AFTER_MS = 2 * 3_600_000;

/** Hands queued nudges to their conversations, in order with what is said there. What to say is decided in the turn. */
export function startNudgesWorker({ ledger, jobs, mailbox, now, log }: NudgesWorkerOptions): JobRunner {
  const process = async (id: string) => {
    const nudge = await ledger.nudge(id);
    if (nudge?.state !== 'queued') return;
    if (now().getTime() - nudge.createdAt.getTime() > STALE_AFTER_MS) {
      await ledger.finishNudge(id, 'skipped', 'stale');
      return;
    }
    await mailbox.deliver({
      kind: 'system',
      // A nudge that comes back (the telco could not be asked) is a new event, at most one a minute.
      id: `nudge-${nudge.id}-${Math.floor(now().getTime() / 60_000)}`,
      at: now().getTime(),
      conversationId: nudge.conversationId,
      name: 'nudge',
      ref: nudge.id,
    });
  };
  return jobs.run('nudges', CONCURRENCY, process, (error) => log.warn({ err: error }, 'nudge job failed'));
}
