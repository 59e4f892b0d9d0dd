import type { FastifyPluginAsync } from 'fastify';
import type { Config } from '../../config.js';
import type { Logger } from '../../log.js';
import type { Vault } from '../../secrets.js';
import type { ShortLived } from '../../short-lived.js';
import { isLoopback } from '../address.js';
import type { Limits } from '../limits.js';
import { createRefusalLog } from '../refusals.js';
import { createGuard, type Guard } from './guard.js';
import { createOidc } from './oidc.js';
import { createOneTimeTokens } from './one-time.js';
import { loginRoutes } from './routes.js';
import { createSessions } from './sessions.js';

export { PAGE_CSP } from './headers.js';
export type { Guard };

const WINDOW_MS = 10 * 60_000;

/** People who look into Refill: how they log in, and what each may do. */
export interface People extends Guard {
  /** `open`: nobody at this machine has to log in; `off`: nobody can. */
  readonly login: 'open' | 'token' | 'oidc' | 'off';
  /** Login, logout, and who one is. */
  readonly routes: FastifyPluginAsync;
  /** The address that logs the built-in admin in, once, under `url`. The token is in the fragment, which is sent to nobody. */
  oneTimeUrl(url: string): Promise<string>;
}

export interface PeopleParts {
  readonly config: Pick<Config, 'sandbox' | 'host' | 'access'>;
  readonly store: ShortLived;
  readonly vault: Vault;
  readonly limits: Limits;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/**
 * A trial on one's own machine is open to whoever sits at it. Anywhere else people log in: with the issuer if there is one, else,
 * in a sandbox, as the built-in admin. Without either the console stays shut.
 */
export function createPeople({ config, store, vault, limits, log }: PeopleParts): People {
  const { publicUrl, login, session, failuresPerAddress } = config.access;
  const open = config.sandbox && login === undefined && isLoopback(config.host);
  const sessions = createSessions({ store, vault, ...session });
  const oneTime = createOneTimeTokens(store);
  const guard = createGuard({ sessions, open, publicUrl, noteRefusal: createRefusalLog(log) });
  return {
    ...guard,
    login: open ? 'open' : login !== undefined ? 'oidc' : config.sandbox ? 'token' : 'off',
    routes: async (http) =>
      loginRoutes(http, {
        guard,
        sessions,
        oneTime,
        oidc: login && createOidc(login, publicUrl ?? ''),
        store,
        vault,
        limits,
        failures: { name: 'login', most: failuresPerAddress, windowMs: WINDOW_MS },
        // Ten times as many may change their mind.
        begun: { name: 'login-begun', most: 10 * failuresPerAddress, windowMs: WINDOW_MS },
        longestMs: session.longestMs,
        trial: config.sandbox,
        log,
      }),
    oneTimeUrl: async (url) => `${url}/#login=${await oneTime.issue()}`,
  };
}
