import { setTimeout as sleep } from 'node:timers/promises';
import { type Channel, ChannelBusy } from '../bot/channel.js';
import type { Mailbox } from '../bot/conversation/mailbox.js';
import { RefillError } from '../bot/errors.js';
import type { JobRunner, Jobs } from '../bot/jobs.js';
import type { Ledger } from '../bot/ledger/ledger.js';
import type { Logger } from '../bot/log.js';
import type { Pace } from '../bot/pace.js';

export interface NudgesWorkerOptions {
  readonly ledger: Ledger;
  readonly jobs: Jobs;
  readonly mailbox: Mailbox;
  readonly channels: ReadonlyMap<string, Pick<Channel, 'unaskedPerSecond'>>;
  readonly pace: Pace;
  readonly now: () => Date;
  readonly log: Logger;
}

const CONCURRENCY = 8;

/** Older ones are not even handed over: news like this ages. */
const STALE_AFTER_MS = 2 * 3_600_000;

/** Conversations that may wait for their turn before nudges are held back: nobody waits for a nudge. */
const ROOM = 500;
const LOOK_EVERY_MS = 250;
/** A job that is held back longer goes back to its queue. */
const HOLD_MS = 20_000;

class NoRoom extends RefillError {
  readonly code = 'NO_ROOM_FOR_NUDGES';
}

/** Resolves when the mailbox has room for what nobody waits for; one look serves all. Rejects when there is none for long. */
function createRoom(mailbox: Mailbox): () => Promise<void> {
  let looked = Number.NEGATIVE_INFINITY;
  let look: Promise<boolean> | undefined;
  const hasRoom = () => {
    if (look === undefined || performance.now() - looked > LOOK_EVERY_MS) {
      looked = performance.now();
      look = mailbox.depth().then(({ conversations }) => conversations < ROOM);
    }
    return look;
  };
  return async () => {
    for (const giveUpAt = performance.now() + HOLD_MS; !(await hasRoom()); await sleep(LOOK_EVERY_MS)) {
      if (performance.now() > giveUpAt) throw new NoRoom('too many conversations wait for their turn');
    }
  };
}

/** Rejects with `ChannelBusy` when as many go out by themselves as the conversation's workspace takes in a second. */
function createPlaces({ ledger, channels, pace }: NudgesWorkerOptions): (conversationId: string) => Promise<void> {
  return async (conversationId) => {
    const { channel, workspace } = (await ledger.conversation(conversationId))?.origin ?? {};
    const rate = channel === undefined ? undefined : channels.get(channel)?.unaskedPerSecond;
    const wait = rate === undefined ? 0 : await pace.take(`${channel}:${workspace}`, rate);
    if (wait > 0) throw new ChannelBusy(wait);
  };
}

/**
 * Hands queued nudges to their conversations, in order with what is said there. What to say is decided in the turn. All that goes out
 * by itself comes by here, at the rate its channel declares: what is too much goes back to the queue, where it keeps nobody
 * waiting, neither the nudges of other workspaces nor what its own user says meanwhile.
 */
export function startNudgesWorker(options: NudgesWorkerOptions): JobRunner {
  const { ledger, jobs, mailbox, now, log } = options;
  const room = createRoom(mailbox);
  const placeFor = createPlaces(options);
  const process = async (id: string) => {
    await room();
    const nudge = await ledger.nudge(id);
    if (nudge?.state !== 'queued') return;
    if (now().getTime() - nudge.createdAt.getTime() > STALE_AFTER_MS) {
      await ledger.finishNudge(id, 'skipped', 'stale');
      return;
    }
    await placeFor(nudge.conversationId);
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
