import type { Mailbox } from '../bot/conversation/mailbox.js';
import { NOTIFICATION_TYPES, type NotificationType } from '../bot/domain/notification.js';
import type { Line } from '../bot/domain/subscriber.js';
import type { CodeWork } from '../bot/identity/one-time-code.js';
import type { JobRunner, Jobs } from '../bot/jobs.js';
import type { Ledger, OutboxItem } from '../bot/ledger/ledger.js';
import type { LineTelco } from '../bot/line-telco.js';
import type { Logger } from '../bot/log.js';
import { type Telco, TelcoRefused } from '../bot/telco.js';
import { type IdentityPromiseOptions, keepCode, keepErasure, keepWithdrawal, UNTOLD } from './identity-promises.js';

export interface OutboxWorkerOptions {
  readonly ledger: Ledger;
  readonly jobs: Jobs;
  readonly mailbox: Mailbox;
  readonly lines: LineTelco;
  readonly now: () => Date;
  readonly log: Logger;
  /** How one-time codes are sent; absent where they cannot be. */
  readonly codes?: CodeWork | undefined;
  /** Takes away what a channel itself keeps of somebody who asked to be forgotten. */
  readonly forget?: IdentityPromiseOptions['forget'];
}

const CONCURRENCY = 16;

/** Changes of mind that one registration follows; the next one has a job of its own. */
const ROUNDS = 5;

/** After this many tries, about nine hours, a person is told, once; the tries go on. */
const PERSON_AFTER = 9;

/** After this many tries, two weeks by then, nobody waits for it any more; the person’s task stays. */
const MAX_ATTEMPTS = 60;

/** Keeps promises: receipts and "still checking" go through the conversation's mailbox, registrations to the telco. */
export function startOutboxWorker(options: OutboxWorkerOptions): JobRunner {
  const { jobs, log } = options;
  return jobs.run(
    'outbox',
    CONCURRENCY,
    (id) => keep(options, id),
    (error) => log.warn({ err: error }, 'outbox job failed'),
  );
}

async function keep(options: OutboxWorkerOptions, id: string): Promise<void> {
  const { ledger, mailbox, now } = options;
  const item = await ledger.outboxItem(id);
  if (item === undefined || item.done) return;
  if (item.attempts >= PERSON_AFTER) await tellPerson(ledger, item);
  // An erasure needs nobody but us: it is never given up.
  if (item.attempts > MAX_ATTEMPTS && item.kind !== 'erasure') return ledger.abandonOutbox(item.id);
  if (item.kind === 'registration') return register(options, item);
  if (item.kind === 'code') return keepCode(options, item);
  if (item.kind === 'erasure') return keepErasure(options, item);
  if (item.kind === 'withdrawal') return keepWithdrawal(options, item, (line) => withdraw(options, line));
  // In order with everything else in this conversation. Each try is an event of its own; the turn finishes the item.
  await mailbox.deliver({
    kind: 'system',
    id: `outbox-${item.id}-${item.attempts}`,
    at: now().getTime(),
    conversationId: item.conversationId,
    name: item.kind,
    ref: item.id,
  });
}

/** Nobody is called again about what a person closed; a withdrawal they can only end. */
async function tellPerson(ledger: Ledger, { id, kind, subject }: OutboxItem): Promise<void> {
  if (kind === 'withdrawal') await ledger.openTask('promise', id, UNTOLD);
  else await ledger.openTaskUnlessClosed('promise', id, `a ${kind} about ${subject} could not be delivered`);
}

/**
 * Tells the telco what the line behind a conversation agreed to, in any of its conversations, and again while that changes
 * under way. A refusal is final; everything else is tried again.
 */
async function register({ ledger, lines, log }: OutboxWorkerOptions, item: OutboxItem): Promise<void> {
  const conversation = await ledger.conversation(item.subject);
  const line = conversation?.lineId === undefined ? undefined : await lines.line(conversation.lineId);
  if (line === undefined) {
    await ledger.finishOutbox(item.id);
    return;
  }
  const told = await tellAll(lines.telcoFor(line.operator), line, ledger, (error) => refusedForGood(error, log));
  await ledger.finishOutbox(item.id);
  // A change of mind while the item was being finished joined an item that is no more: it gets one of its own.
  if ((await agreedTo(ledger, line.id)).join() !== told) {
    await ledger.promise('registration', item.subject, item.conversationId);
  }
}

/** Tells the telco what holds for a line now that somebody gave it up; rejects when it does not take it. */
async function withdraw({ ledger, lines }: OutboxWorkerOptions, line: Line): Promise<void> {
  await tellAll(lines.telcoFor(line.operator), line, ledger, (error) => {
    throw error;
  });
}

/** Tells the telco until what it was told is what holds; returns what it was told last. */
async function tellAll(
  telco: Telco,
  line: Line,
  ledger: Ledger,
  onRefusal: (error: unknown) => void,
): Promise<string | undefined> {
  let told: string | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    const types = await agreedTo(ledger, line.id);
    if (types.join() === told) break;
    await telco.register?.(line, types, { lane: 'background' }).catch(onRefusal);
    told = types.join();
  }
  return told;
}

/** The types welcome in at least one of a line's conversations. */
async function agreedTo(ledger: Ledger, lineId: string): Promise<NotificationType[]> {
  const conversations = await ledger.conversationsOf(lineId);
  const sets = await Promise.all(conversations.map(({ id }) => ledger.consents(id)));
  return NOTIFICATION_TYPES.filter((type) => sets.some((set) => set.has(type)));
}

function refusedForGood(error: unknown, log: Logger): void {
  if (!(error instanceof TelcoRefused) || error.reason === 'too-many-requests' || error.reason === 'unavailable')
    throw error;
  log.warn({ reason: error.reason }, 'the telco refused a registration');
}
