import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Sandbox } from '../sandbox/index.js';
import { openChannels } from './app-channels.js';
import { openCpid } from './app-cpid.js';
import { openIdentity } from './app-identity.js';
import type { Parts } from './app-parts.js';
import { mountRoutes } from './app-routes.js';
import { openTelco } from './app-telco.js';
import { startWorkers } from './app-workers.js';
import { startClockWatch } from './clock-watch.js';
import { Closing } from './closing.js';
import type { Config } from './config.js';
import { openCore, ready } from './core.js';
import { createDeliveryLog } from './deliveries.js';
import { RefillError } from './errors.js';
import { createHttp } from './http.js';
import { createTranslators } from './i18n/index.js';
import { createWatch } from './inbox.js';
import { createLineTelco } from './line-telco.js';
import type { Logger } from './log.js';

export interface App {
  /** Where it listens, e.g. `http://127.0.0.1:3000`. */
  readonly url: string;
  /** Where a person opens the console, with the built-in admin's one-time token where one is needed; `undefined`: nowhere. */
  readonly console: string | undefined;
  /** The same again, with another one-time token: the first was used, or is too old. */
  consoleAgain(): Promise<string | undefined>;
  /** The in-process sandbox, when there is one. */
  readonly sandbox: Sandbox | undefined;
  /** Begins no new work, lets what runs finish (30 s at most), closes the stores. */
  close(): Promise<void>;
}

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
  const { millom, sandbox, world } = await openTelco(config, core, closing, log);
  const lines = createLineTelco(() => millom, core.ledger, now);
  const jobs = core.working.jobs();
  closing.add('jobs', () => jobs.close());
  const mailbox = core.working.mailbox(core.vault);
  closing.add('mailbox', () => mailbox.close());
  const deliveries = createDeliveryLog({ ledger: core.ledger, log });
  closing.add('deliveries', () => deliveries.close());
  const watch = createWatch(core, deliveries, log);
  const clockWatch = startClockWatch({ ...core, log, alert: watch.alert });
  closing.addTaker('clock', () => clockWatch.close());
  const translators = createTranslators();
  const channels = await openChannels({ config, core, log, translators, world, watch }, closing);
  const telcoFor = () => millom;
  const cpid = openCpid({ config, core, translators, telcoFor, sandboxUrl: sandbox?.url });
  const pages = cpid === undefined ? [] : [cpid.proof];
  const who = openIdentity({ config, core, telco: millom, jobs, channels, translators, world, pages });
  const parts: Parts = {
    ...core,
    ...who,
    config,
    log,
    jobs,
    mailbox,
    lines,
    channels,
    translators,
    watch,
    deliveries,
    world,
  };

  const http = createHttp({
    log,
    metrics: core.metrics,
    ready: () => ready(core),
    trustedProxies: config.access.trustedProxies,
    publicUrl: config.access.publicUrl,
  });
  if (config.role !== 'worker') {
    await mountRoutes(http, parts, sandbox);
    await cpid?.mount(http, who.linking);
  }
  if (config.role !== 'web') await startWorkers(parts, closing);
  closing.addTaker('http', () => http.close());
  await listen(http, config);

  const url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${(http.server.address() as AddressInfo).port}`;
  cpid?.listening(reachedAt(config, url));
  sandbox?.connect({
    baseUrl: url,
    authorization: async () => `Bearer ${await parts.callers.issue()}`,
  });
  announce(parts, url, performance.now() - started);
  const consoleAgain = () => consoleUrl(parts, url);
  return { url, console: await consoleAgain(), consoleAgain, sandbox, close: () => closing.run() };
}

/** A process that only works has no page. */
async function consoleUrl({ config, people }: Parts, url: string): Promise<string | undefined> {
  if (people.login === 'off' || config.role === 'worker') return undefined;
  const from = reachedAt(config, url);
  return people.login === 'token' ? people.oneTimeUrl(from) : from;
}

/** Who listens everywhere is reached by some name; this machine's own is one of them. */
function reachedAt({ access }: Config, url: string): string {
  return access.publicUrl ?? url.replace(/\/\/(0\.0\.0\.0|\[::\])/, '//localhost');
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

function announce(
  { log, working, databaseKind, config, channels, callers, people }: Parts,
  url: string,
  ms: number,
): void {
  log.info(
    { url, ms: Math.round(ms), working: working.description, database: databaseKind, channels: [...channels.keys()] },
    'ready',
  );
  if (databaseKind === 'pglite')
    log.warn('embedded PGlite is for trials: it does not survive a power cut; set DATABASE_URL before real money');
  if (config.sandbox) log.warn('sandbox on: personas and a simulated telco; set REFILL_SANDBOX=0 for real subscribers');
  if (people.login === 'open') log.warn('the console is open to everybody on this machine; elsewhere it needs a login');
  if (config.caller === undefined) {
    const who = callers.open ? 'anyone who reaches this address' : 'nobody';
    log.warn(`${who} may call back and notify until REFILL_CALLER_ID and REFILL_CALLER_SECRET are set`);
  }
}
