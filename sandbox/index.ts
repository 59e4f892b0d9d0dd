import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { ChargeLog } from './charges.js';
import type { Control } from './control.js';
import { MobileData } from './cpid.js';
import type { EventSink, SandboxEvent } from './events.js';
import { Faults } from './faults.js';
import { createControl } from './operations.js';
import { Purchases } from './purchase.js';
import { type RefillConnection, RefillLink } from './refill.js';
import { createMillomServer } from './server.js';
import { Subscribers } from './subscribers.js';
import { TokenEndpoint } from './token.js';

export type { FaultOrder } from './control-schemas.js';
export { SandboxMisuse } from './errors.js';
export type { SandboxEvent } from './events.js';
export type { Persona } from './personas.js';
export { PERSONAS } from './personas.js';
export type { RefillConnection } from './refill.js';
export { type RemoteSandbox, remoteSandbox } from './remote.js';

export interface SandboxOptions {
  /** 0, the default, takes any free port of 127.0.0.1. */
  readonly port?: number;
  readonly clientId: string;
  readonly clientSecret: string;
  /** When given, calls for any other service provider are refused. */
  readonly serviceProvider?: string;
  readonly now?: () => Date;
  /** Where callbacks and notifications go; may be set later with `connect`. */
  readonly refill?: RefillConnection;
  /** Told about every call, charge, callback, notification and control operation. Must not throw. */
  readonly onEvent?: (event: SandboxEvent) => void;
  /** From accepting a purchase (202) to its callback; 2,500 ms. */
  readonly callbackDelayMs?: number;
  /** From a callback that was not taken to the next attempt, doubling; 500 ms. */
  readonly callbackRetryMs?: number;
  /** True, the default: one transaction id charges once. False: every POST charges. */
  readonly deduplicate?: boolean;
  /** Buying the same plan again within this time is a PURCHASE_CONFLICT; 30 s. */
  readonly samePlanSeconds?: number;
  /** `expires_in` of access tokens; 3,600 s. */
  readonly tokenLifetimeSeconds?: number;
}

/** Millom, simulated: an HTTP server with subscribers, money, faults and a charge log. */
export interface Sandbox extends Control {
  /** E.g. `http://127.0.0.1:3001`: MILLOM_BASE_URL. */
  readonly url: string;
  /** MILLOM_TOKEN_URL. */
  readonly tokenUrl: string;
  /** Sends callbacks and notifications there from now on. */
  connect(refill: RefillConnection | undefined): void;
  /** Token requests since the start. */
  tokenRequests(): number;
  /** Every access token ends now. */
  revokeTokens(): void;
  /** Stops listening and drops what waited to be sent. */
  close(): Promise<void>;
}

/** Starts the sandbox; rejects when the port is taken. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const world = createWorld(options);
  const server = createMillomServer(world);
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  world.here.url = url;
  const { link, tokens } = world;
  return {
    ...world.control,
    url,
    tokenUrl: `${url}/oauth/token`,
    connect: (refill) => link.connect(refill),
    tokenRequests: () => tokens.requests,
    revokeTokens: () => tokens.revokeAll(),
    close: async () => {
      link.abandon();
      link.connect(undefined);
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function createWorld(options: SandboxOptions) {
  const now = options.now ?? (() => new Date());
  const emit: EventSink = options.onEvent ?? (() => undefined);
  const link = new RefillLink();
  link.connect(options.refill);
  const charges = new ChargeLog();
  const faults = new Faults();
  const subscribers = new Subscribers(now);
  const { clientId, clientSecret, tokenLifetimeSeconds: lifetimeSeconds = 3600 } = options;
  const tokens = new TokenEndpoint({ clientId, clientSecret, lifetimeSeconds, now });
  const { deduplicate = true, callbackDelayMs = 2500, callbackRetryMs = 500, samePlanSeconds = 30 } = options;
  const rules = { deduplicate, callbackDelayMs, callbackRetryMs, samePlanSeconds };
  const purchases = new Purchases({ options: rules, charges, link, emit, now });
  const millom = { subscribers, purchases, serviceProvider: options.serviceProvider, now };
  const here = { url: '' };
  const { serviceProvider = 'refill' } = options;
  const mobileData = new MobileData(subscribers);
  const parts = { subscribers, purchases, charges, faults, link, mobileData, emit, now };
  const control = createControl({ ...parts, serviceProvider, baseUrl: () => here.url });
  return {
    here,
    millom,
    tokens,
    faults,
    mobileData,
    control,
    subscribers,
    link,
    emit,
    now,
    donorDelayMs: 2 * callbackDelayMs,
  };
}
