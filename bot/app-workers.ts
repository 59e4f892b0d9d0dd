import { engineScreens, flows } from '../flows/index.js';
import { startNudgesWorker } from '../workers/nudges.js';
import { startOutboxWorker } from '../workers/outbox.js';
import { startPurchasesWorker } from '../workers/purchases.js';
import { startReconciler } from '../workers/reconcile.js';
import { startRetention } from '../workers/retention.js';
import { startSweeper } from '../workers/sweeper.js';
import { startTurnsWorker } from '../workers/turns.js';
import type { Parts } from './app-parts.js';
import { ChannelUnreachable } from './channel.js';
import type { Closing } from './closing.js';
import { MailboxUnavailable } from './conversation/mailbox.js';
import { createRegistry } from './conversation/registry.js';
import type { TurnDeps } from './conversation/turn-deps.js';
import { LedgerUnavailable } from './ledger/index.js';
import { createPace } from './pace.js';
import { takesNoWrites } from './stores/redis.js';

const now = () => new Date();
/** Longer than a turn is tried again without anybody noticing. */
const CLAIMED_MS = 24 * 3_600_000;

/** Starts everything that works off what was taken. */
export async function startWorkers(parts: Parts, closing: Closing): Promise<void> {
  const { mailbox, ledger, jobs, lines, channels, metrics, trace, log, config } = parts;
  const turns: TurnDeps = {
    ledger,
    jobs,
    channels,
    identity: parts.identity,
    linking: parts.linking,
    engine: { registry: createRegistry(flows), screens: engineScreens },
    translators: parts.translators,
    telco: lines,
    defaults: { locale: config.locale, timezone: config.timezone },
    profileOf: (from) => channels.get(from.channel)?.profile?.(from),
    now,
    claim: async (what) => (await parts.working.shortLived.count(what, 1, CLAIMED_MS)) === 1,
    observe: (stage, ms) => metrics.turnSeconds.observe({ stage }, ms / 1000),
    onRefused({ id, channel, conversationId: conversation, ...owed }, error) {
      log.warn({ channel, conversation, err: error }, 'the platform refused a message');
      trace.emit({ stage: 'send', title: `${channel}: refused`, conversation, ok: false });
      const code = error.platformCode ?? error.code;
      parts.deliveries.record({ id, channel, conversationId: conversation, state: 'failed', code, ...owed });
    },
    onSent({ id, channel, conversationId: conversation, ...owed }) {
      trace.emit({ stage: 'send', title: `${channel}: sent`, conversation, ok: true });
      parts.deliveries.record({ id, channel, conversationId: conversation, state: 'sent', ...owed });
    },
  };
  const worker = await startTurnsWorker({
    mailbox,
    turns,
    concurrency: config.concurrency,
    isTransient,
    log,
    metrics,
    trace,
  });
  closing.addTaker('turns', () => worker.close());
  const runners = [
    startPurchasesWorker({ ledger, jobs, lines, log }),
    startOutboxWorker({
      ...{ ledger, jobs, mailbox, lines, now, log, codes: parts.codes },
      forget: async (from) => channels.get(from.channel)?.forget?.(from),
    }),
    startNudgesWorker({ ledger, jobs, mailbox, channels, pace: createPace(parts.working.shortLived), now, log }),
  ];
  closing.addTaker('workers', () => Promise.all(runners.map((runner) => runner.close())));
  const reconciler = startReconciler({ ledger, jobs, lines, log });
  closing.addTaker('reconciler', () => reconciler.close());
  const retention = startRetention({ ledger, deadLetters: mailbox.deadLetters, retention: config.retention, log });
  closing.addTaker('retention', () => retention.close());
  const sweeper = startSweeper({ ledger, jobs, mailbox, metrics, log, now, alert: parts.watch.alert });
  closing.addTaker('sweeper', () => sweeper.close());
  // What the last process left behind, at once rather than at the first tick.
  void mailbox.sweep().catch((error: unknown) => log.warn({ err: error }, 'mailbox sweep failed'));
  void sweeper.sweep();
}

/** A store or a platform that is down comes back; nothing is given up because of it. */
function isTransient(error: unknown): boolean {
  return (
    error instanceof LedgerUnavailable ||
    error instanceof MailboxUnavailable ||
    error instanceof ChannelUnreachable ||
    takesNoWrites(error)
  );
}
