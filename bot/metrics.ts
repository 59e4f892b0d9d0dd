import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Everything `/metrics` shows. Labels are few and closed: never an id, never a number. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    turns: new Counter({
      name: 'refill_turns_total',
      help: 'Turns by channel, kind of input and outcome',
      labelNames: ['channel', 'input', 'outcome'],
      registers,
    }),
    turnSeconds: new Histogram({
      name: 'refill_turn_stage_seconds',
      help: 'Time spent in each stage of a turn',
      labelNames: ['stage'],
      buckets: SECONDS,
      registers,
    }),
    waitSeconds: new Histogram({
      name: 'refill_mailbox_wait_seconds',
      help: 'From delivery to the start of the turn',
      buckets: SECONDS,
      registers,
    }),
    deadLetters: new Counter({ name: 'refill_dead_letters_total', help: 'Events given up', registers }),
    mailboxConversations: new Gauge({
      name: 'refill_mailbox_conversations',
      help: 'Conversations with events waiting',
      registers,
    }),
    mailboxOldest: new Gauge({
      name: 'refill_mailbox_oldest_seconds',
      help: 'Age of the oldest waiting event',
      registers,
    }),
    mailboxDead: new Gauge({ name: 'refill_mailbox_dead_letters', help: 'Events in the dead-letter list', registers }),
    clockAhead: new Gauge({
      name: 'refill_clock_ahead_seconds',
      help: "How far this machine's clock is ahead of the database's",
      registers,
    }),
    queueJobs: new Gauge({
      name: 'refill_queue_jobs',
      help: 'Jobs waiting, delayed or running',
      labelNames: ['queue'],
      registers,
    }),
    ...telcoMetrics(registers),
    purchases: new Gauge({
      name: 'refill_purchases',
      help: 'Purchases under way, by state',
      labelNames: ['state'],
      registers,
    }),
    tasks: new Gauge({
      name: 'refill_operator_tasks',
      help: 'Open tasks for a person, by kind',
      labelNames: ['kind'],
      registers,
    }),
    quarantined: new Gauge({
      name: 'refill_quarantined_callbacks',
      help: 'Callbacks that fit no purchase: each may be a charge we lost',
      registers,
    }),
    deliveries: new Counter({
      name: 'refill_deliveries_total',
      help: 'What platforms said became of messages',
      labelNames: ['channel', 'state', 'code'],
      registers,
    }),
    alerts: new Counter({
      name: 'refill_alerts_total',
      help: 'Platform errors an operator has to look at',
      labelNames: ['code'],
      registers,
    }),
    webhooks: new Counter({
      name: 'refill_webhooks_total',
      help: 'Webhook requests by route and status',
      labelNames: ['route', 'status'],
      registers,
    }),
  };
}

/** What is asked of telcos, and how they answer. */
function telcoMetrics(registers: Registry[]) {
  return {
    telcoCalls: new Counter({
      name: 'refill_telco_calls_total',
      help: 'Telco calls by operation and outcome',
      labelNames: ['telco', 'operation', 'outcome'],
      registers,
    }),
    telcoSeconds: new Histogram({
      name: 'refill_telco_call_seconds',
      help: 'Telco calls, retries included',
      labelNames: ['telco', 'operation'],
      buckets: SECONDS,
      registers,
    }),
    telcoCircuit: new Gauge({
      name: 'refill_telco_circuit_open',
      help: '1 while a telco is not called because it does not answer, by telco and circuit',
      labelNames: ['telco', 'circuit'],
      registers,
    }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
