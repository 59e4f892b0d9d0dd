import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { createMillom, millomWebhooks } from '../adapters/millom/index.js';
import { engineScreens, flows } from '../flows/index.js';
import { type RemoteSandbox, remoteSandbox, type Sandbox, startSandbox } from '../sandbox/index.js';
import { startNudgesWorker } from '../workers/nudges.js';
import { startOutboxWorker } from '../workers/outbox.js';
import { startPurchasesWorker } from '../workers/purchases.js';
import { startSweeper } from '../workers/sweeper.js';
import { startTurnsWorker } from '../workers/turns.js';
import { openChannels } from './app-channels.js';
import { previewRoutes } from './app-previews.js';
import { type Channel, ChannelUnreachable, type Deliver } from './channel.js';
import { Closing } from './closing.js';
import type { Config, MillomConfig } from './config.js';
import { consoleRoutes } from './console.js';
import type { Mailbox } from './conversation/mailbox.js';
import { createRedisMailbox, MailboxUnavailable } from './conversation/redis-mailbox.js';
import { createRegistry } from './conversation/registry.js';
import type { TurnDeps } from './conversation/run-turn.js';
import { type Core, openCore, ready } from './core.js';
import { RefillError } from './errors.js';
import { createHttp } from './http.js';
import { createTranslators, type Translators } from './i18n/index.js';
import { assignedPersona, directoryIdentity, firstOf, numberIdentity } from './identity/directory.js';
import type { Identity } from './identity/identity.js';
import { personaIdentity } from './identity/personas.js';
import { remembering } from './identity/recent.js';
import { createWatch } from './inbox.js';
import { createJobs, type Jobs } from './jobs.js';
import { LedgerUnavailable } from './ledger/index.js';
import { createLineTelco, type LineTelco } from './line-telco.js';
import type { Logger } from './log.js';
import { deriveKey } from './secrets.js';
import type { Telco } from './telco.js';
import { createTelcoEvents } from './telco-events.js';

export interface App {
  /** Where it listens, e.g. `http://127.0.0.1:3000`. */
  readonly url: string;
  /** The in-process sandbox, when there is one. */
  readonly sandbox: Sandbox | undefined;
  /** Takes no new work, lets what runs finish (30 s at most), closes the stores. */
  close(): Promise<void>;
}

/** First part of every Redis key. */
const PREFIX = 'refill';

/** Puts Refill together from its configuration and starts it. The one place that knows every part. */
export async function startApp(config: Config, log: Logger): Promise<App> {
  const closing = new Closing(log);
  try {
    return await assemble(config, log, closing);
  } catch (error) {
    await closing.run();
    throw error;
  }
}

async function assemble(config: Config, log: Logger, closing: Closing): Promise<App> {
  const started = performance.now();
  const core = await openCore(config, log, closing);
  const { millom, sandbox, world } = await openTelco(config, core, closing);
  const lines = createLineTelco(() => millom, core.ledger, now);
  const jobs = createJobs({ webhooks: core.webhooks, workers: core.redis.forWorkers, prefix: PREFIX });
  closing.add('jobs', () => jobs.close());
  const mailbox = createRedisMailbox({
    webhooks: core.webhooks,
    workers: core.redis.forWorkers,
    prefix: PREFIX,
    vault: core.vault,
  });
  closing.add('mailbox', () => mailbox.close());
  const watch = createWatch(core, log);
  const translators = createTranslators();
  const channels = await openChannels({ config, core, log, translators, world, prefix: PREFIX, watch }, closing);
  const parts: Parts = { ...core, config, log, jobs, mailbox, lines, channels, translators, watch, world };

  const http = createHttp({ log, metrics: core.metrics, ready: () => ready(core) });
  if (config.role !== 'worker') await mountRoutes(http, parts, sandbox);
  if (config.role !== 'web') await startWorkers(parts, closing);
  closing.add('http', () => http.close());
  await listen(http, config);

  const url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${(http.server.address() as AddressInfo).port}`;
  sandbox?.connect({
    baseUrl: url,
    authorization: async () => `Bearer ${await parts.callers.issue()}`,
  });
  announce(parts, url, performance.now() - started);
  return { url, sandbox, close: () => closing.run() };
}

/** Somebody else listens where we were told to. */
class PortTaken extends RefillError {
  readonly code = 'PORT_TAKEN';
}

async function listen(http: FastifyInstance, { host, port }: Config): Promise<void> {
  try {
    await http.listen({ host, port });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause;
    throw new PortTaken(`port ${port} is taken: stop what listens there, or set PORT`, { cause });
  }
}

const now = () => new Date();

interface Parts extends Core {
  readonly config: Config;
  readonly log: Logger;
  readonly jobs: Jobs;
  readonly mailbox: Mailbox;
  readonly lines: LineTelco;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly translators: Translators;
  readonly watch: ReturnType<typeof createWatch>;
  readonly world: RemoteSandbox | undefined;
}

/** Millom as configured; without it the sandbox, which is a Millom of its own. */
async function openTelco(config: Config, { metrics, trace, masterKey }: Core, closing: Closing) {
  let settings: MillomConfig | undefined = config.millom;
  let sandbox: Sandbox | undefined;
  if (settings === undefined) {
    const clientSecret = deriveKey(masterKey, 'refill/sandbox/v1').toString('base64url');
    sandbox = await startSandbox({
      clientId: 'refill',
      clientSecret,
      onEvent: ({ kind, title, ms, ok }) =>
        trace.emit({ stage: 'sandbox', title: `${kind}: ${title}`, ok: ok ?? true, ...(ms !== undefined && { ms }) }),
    });
    closing.add('sandbox', sandbox.close);
    const { url, tokenUrl } = sandbox;
    settings = {
      baseUrl: url,
      tokenUrl,
      topUpUrl: url,
      clientId: 'refill',
      clientSecret,
      serviceProvider: 'refill',
      operator: 'digi',
    };
  }
  const millom: Telco = createMillom({
    ...settings,
    onCall: ({ operation, outcome, ms }) => {
      metrics.telcoCalls.inc({ telco: 'millom', operation, outcome });
      metrics.telcoSeconds.observe({ telco: 'millom', operation }, ms / 1000);
      trace.emit({ stage: 'telco', title: `${operation}: ${outcome}`, ms: Math.round(ms), ok: outcome === 'ok' });
    },
  });
  closing.add('telco', () => millom.close());
  return { millom, sandbox, world: config.sandbox ? remoteSandbox(settings.baseUrl) : undefined };
}

async function mountRoutes(http: FastifyInstance, parts: Parts, sandbox: Sandbox | undefined): Promise<void> {
  const { mailbox, channels, callers, trace, world, config, watch } = parts;
  const deliver: Deliver = async (event) => {
    const outcome = await mailbox.deliver(event);
    trace.emit({ stage: 'webhook', title: `${event.kind}: ${outcome}`, conversation: event.conversationId, ok: true });
    return outcome;
  };
  for (const channel of channels.values()) await channel.routes(http, { ...watch, deliver });
  await callers.routes(http);
  const events = createTelcoEvents({ ...parts, alert: watch.alert });
  await http.register(millomWebhooks, {
    authorize: callers.authorize,
    purchaseResult: events.purchaseResult,
    notify: events.notify,
    onEvent: ({ webhook, outcome }) =>
      trace.emit({
        stage: webhook === 'callback' ? 'callback' : 'nudge',
        title: `${webhook}: ${outcome}`,
        ok: outcome === 'applied' || outcome === 'queued' || outcome === 'dry-run',
      }),
  });
  if (world !== undefined) {
    await http.register(consoleRoutes, { trace, sandboxUrl: sandbox?.url ?? config.millom?.baseUrl ?? '' });
    await http.register(previewRoutes, { translators: parts.translators });
  }
}

async function startWorkers(parts: Parts, closing: Closing): Promise<void> {
  const { mailbox, ledger, jobs, lines, channels, metrics, trace, log, config } = parts;
  const turns: TurnDeps = {
    ledger,
    jobs,
    channels,
    identity: remembering(identityOf(parts)),
    engine: { registry: createRegistry(flows), screens: engineScreens },
    translators: parts.translators,
    telco: lines,
    defaults: { locale: config.locale, timezone: config.timezone },
    now,
    observe: (stage, ms) => metrics.turnSeconds.observe({ stage }, ms / 1000),
    onRefused(channel, conversation, error) {
      log.warn({ channel, conversation, err: error }, 'the platform refused a message');
      trace.emit({ stage: 'send', title: `${channel}: refused`, conversation, ok: false });
    },
    onSent: (channel, conversation) => trace.emit({ stage: 'send', title: `${channel}: sent`, conversation, ok: true }),
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
  closing.add('turns', () => worker.close());
  const runners = [
    startPurchasesWorker({ ledger, jobs, lines, log }),
    startOutboxWorker({ ledger, jobs, mailbox, lines, now, log }),
    startNudgesWorker({ ledger, jobs, mailbox, now, log }),
  ];
  closing.add('workers', () => Promise.all(runners.map((runner) => runner.close())));
  const sweeper = startSweeper({ ledger, jobs, mailbox, metrics, log, now, alert: parts.watch.alert });
  closing.add('sweeper', () => sweeper.close());
  // What the last process left behind, at once rather than at the first tick.
  void mailbox.sweep().catch((error: unknown) => log.warn({ err: error }, 'mailbox sweep failed'));
  void sweeper.sweep();
}

/** Who vouches for a chat user, best proof first. */
function identityOf({ ledger, world, config, vault }: Parts): Identity {
  const vouched = [directoryIdentity(ledger)];
  const { millom, whatsapp } = config;
  if (millom !== undefined && whatsapp !== undefined) vouched.push(numberIdentity(ledger, millom.operator));
  if (world === undefined) return firstOf(...vouched);
  const chosen = personaIdentity(ledger, world.ensure);
  const assigned = assignedPersona(ledger, world.personas, world.ensure, vault.reference);
  return firstOf(...vouched, { resolve: (origin) => (origin.channel === 'web' ? chosen : assigned).resolve(origin) });
}

/** A store or a platform that is down comes back; nothing is given up because of it. */
function isTransient(error: unknown): boolean {
  return (
    error instanceof LedgerUnavailable || error instanceof MailboxUnavailable || error instanceof ChannelUnreachable
  );
}

function announce({ log, redis, databaseKind, config, channels, callers }: Parts, url: string, ms: number): void {
  log.info(
    { url, ms: Math.round(ms), redis: redis.description, database: databaseKind, channels: [...channels.keys()] },
    'ready',
  );
  if (databaseKind === 'pglite')
    log.warn('embedded PGlite is for trials: it does not survive a power cut; set DATABASE_URL before real money');
  if (config.sandbox) log.warn('sandbox on: personas and a simulated telco; set REFILL_SANDBOX=0 for real subscribers');
  if (config.caller === undefined) {
    const who = callers.open ? 'anyone who reaches this address' : 'nobody';
    log.warn(`${who} may call back and notify until REFILL_CALLER_ID and REFILL_CALLER_SECRET are set`);
  }
}
