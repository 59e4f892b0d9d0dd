/**
 * Who may call `/api/messages`. The Bot Framework SDK could check tokens too, but it is archived, answers a token signed with
 * the wrong key with 500, takes a key without endorsements for endorsed by everybody, and prints keys and errors to the
 * console. jose checks signature and claims; what is the Bot Framework's own is checked here. botbuilder gives its types.
 */
import { createHash } from 'node:crypto';
import { errors, type JWTHeaderParameters, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import { isFromHere } from '../../bot/access/address.js';
import { isCanonical } from '../../bot/access/jwt.js';
import { isOfThisMachine, type OutboundRules, outboundUrl } from '../../bot/outbound.js';
import { HttpProblem } from '../../bot/problem.js';
import type { Http } from './http.js';
import { createKeys } from './keys.js';
import { tenantOf } from './origin.js';
import type { Inbound } from './parse.js';

export interface VerifierOptions {
  readonly http: Http;
  readonly appId: string;
  readonly issuer: string;
  readonly openIdMetadataUrl: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** What a valid token says: from where the activity comes, and for which channels its key may sign. */
export interface Caller {
  readonly serviceUrl: string;
  readonly endorsements: readonly string[];
}

export interface Verifier {
  /**
   * Checks an `Authorization` header: RS256 by a key of Microsoft's, issuer, audience, lifetime (5 minutes of skew).
   *
   * @throws HttpProblem 401; 503 when the keys cannot be had.
   */
  verify(authorization: string | undefined): Promise<Caller>;
}

const SKEW_SECONDS = 300;
/** The one channel whose user ids Microsoft vouches for: on Web Chat or Direct Line anybody may claim to be anybody. */
const CHANNEL = 'msteams';
/** The connector uses one token for about an hour: its signature is checked once in this long, its lifetime every time. */
const REMEMBERED_MS = 5 * 60_000;

interface Remembered extends Caller {
  /** Epoch milliseconds, skew included. */
  readonly until: number;
}

export function createVerifier({ http, appId, issuer, openIdMetadataUrl, now }: VerifierOptions): Verifier {
  const keys = createKeys(http, openIdMetadataUrl, now);
  const seen = new LRUCache<string, Remembered>({ max: 1_000, ttl: REMEMBERED_MS, perf: { now } });

  async function check(token: string): Promise<Remembered> {
    let endorsements: readonly string[] = [];
    const keyOf = async ({ kid }: JWTHeaderParameters) => {
      const found = kid === undefined ? undefined : await keys.find(kid);
      if (found === undefined) throw unauthorized();
      endorsements = found.endorsements;
      return found.key;
    };
    const { payload } = await jwtVerify(token, keyOf, {
      algorithms: ['RS256'],
      issuer,
      audience: appId,
      clockTolerance: SKEW_SECONDS,
      currentDate: new Date(now()),
      requiredClaims: ['exp'],
    });
    const { exp = 0, iat = 0, aud, serviceurl, serviceUrl } = payload;
    // A token for us alone; one made in the future was not made by a clock we can trust.
    if (aud !== appId || iat > now() / 1000 + SKEW_SECONDS) throw unauthorized();
    const from = serviceurl ?? serviceUrl;
    return { serviceUrl: typeof from === 'string' ? from : '', endorsements, until: (exp + SKEW_SECONDS) * 1000 };
  }

  return {
    async verify(authorization) {
      const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization ?? '')?.[1];
      if (token === undefined || !isCanonical(token)) throw unauthorized();
      const name = createHash('sha256').update(token).digest('base64');
      const known = seen.get(name);
      if (known !== undefined && now() < known.until) return known;
      try {
        const caller = await check(token);
        seen.set(name, caller);
        return caller;
      } catch (error) {
        if (error instanceof HttpProblem) throw error;
        // Whatever else a hostile token breaks is its own fault.
        throw unauthorized(error instanceof errors.JOSEError ? error : undefined);
      }
    },
  };
}

/** What a bot answers: services, and for a single-tenant one its own tenant. */
export interface Reach {
  readonly service: OutboundRules;
  /** `undefined`: people of every tenant that installed the app. */
  readonly tenant: string | undefined;
}

/**
 * Whether a caller may speak for the activity it sent. Without the check of the service URL, an attacker with a token of
 * his own could have the bot post its access token to his host. The Bot Framework signs for all tenants alike: that a
 * single-tenant bot hears no other is for the bot to see to.
 *
 * @throws HttpProblem 403
 */
export function admit(caller: Caller, activity: Inbound, { service, tenant }: Reach): void {
  const { channelId, serviceUrl } = activity;
  const endorsed = channelId === CHANNEL && caller.endorsements.includes(channelId);
  const same = withoutSlash(caller.serviceUrl) === withoutSlash(serviceUrl);
  const ours = tenant === undefined || tenantOf(activity).toLowerCase() === tenant.toLowerCase();
  if (!endorsed || !same || !ours) throw forbidden();
  try {
    outboundUrl(serviceUrl, service);
  } catch (cause) {
    throw forbidden(cause);
  }
}

/**
 * The same without tokens, for an emulator on this machine: a request from anywhere else is refused, because anybody could be
 * anybody in it, and so is a service elsewhere, or the bot could be made to call any address.
 *
 * @throws HttpProblem 403
 */
export function admitLocal(request: Parameters<typeof isFromHere>[0]): (activity: { serviceUrl: string }) => void {
  if (!isFromHere(request)) throw forbidden();
  return ({ serviceUrl }) => {
    if (!isOfThisMachine(serviceUrl)) throw forbidden();
  };
}

function withoutSlash(url: string): string {
  return url.endsWith('/') ? url.slice(0, -1) : url;
}

function unauthorized(cause?: unknown): HttpProblem {
  const headers = { 'www-authenticate': 'Bearer' };
  return new HttpProblem(401, 'UNAUTHORIZED', 'A valid Bot Framework token is needed.', {}, { cause, headers });
}

function forbidden(cause?: unknown): HttpProblem {
  return new HttpProblem(403, 'FORBIDDEN', 'This caller may not speak for that activity.', {}, { cause });
}
