import { type CryptoKey, importJWK } from 'jose';
import { z } from 'zod';
import { HttpProblem } from '../../bot/problem.js';
import { TeamsAnswered } from './errors.js';
import type { Http } from './http.js';

/** A key Microsoft signs with, and the channels it may sign for. */
export interface SigningKey {
  readonly key: CryptoKey;
  readonly endorsements: readonly string[];
}

/** The Bot Framework's public keys, as its OpenID metadata lists them. */
export interface Keys {
  /** The key of that id; `undefined` when Microsoft knows none. @throws HttpProblem 503 when it cannot be told now. */
  find(id: string): Promise<SigningKey | undefined>;
}

/** Keys are fetched again after a day; while that fails, the old ones serve up to five (as long as Microsoft's own SDK keeps them). */
const FRESH_MS = 24 * 3_600_000;
const STALE_MS = 5 * 24 * 3_600_000;
/** However many tokens name a key we do not know, we ask this often at most. */
const REST_MS = 60_000;
/** The same after a request that failed. */
const REST_AFTER_FAILURE_MS = 2_000;

const metadata = z.object({ jwks_uri: z.url({ protocol: /^https?$/ }) });
const keySet = z.object({
  keys: z.array(
    z.looseObject({
      kty: z.string(),
      kid: z.string().optional(),
      n: z.string().optional(),
      e: z.string().optional(),
      endorsements: z.array(z.string()).optional(),
    }),
  ),
});

export function createKeys(http: Http, metadataUrl: string, now: () => number): Keys {
  let keys: ReadonlyMap<string, SigningKey> = new Map();
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;

  async function refresh(): Promise<void> {
    askedAt = now();
    const { jwks_uri } = metadata.parse(await fetchJson(http, metadataUrl));
    const found = new Map<string, SigningKey>();
    for (const { kty, kid, n, e, endorsements = [] } of keySet.parse(await fetchJson(http, jwks_uri)).keys) {
      if (kty !== 'RSA' || kid === undefined || n === undefined || e === undefined) continue;
      found.set(kid, { key: (await importJWK({ kty, n, e }, 'RS256')) as CryptoKey, endorsements });
    }
    keys = found;
    fetchedAt = now();
  }

  const mayAsk = () => asking !== undefined || now() - askedAt >= REST_MS;
  const ask = () => {
    asking ??= refresh().finally(() => {
      asking = undefined;
    });
    return asking;
  };

  return {
    async find(id) {
      const age = now() - fetchedAt;
      const known = age < STALE_MS ? keys.get(id) : undefined;
      if (known !== undefined && age < FRESH_MS) return known;
      if (mayAsk()) {
        try {
          await ask();
        } catch (cause) {
          askedAt = now() - REST_MS + REST_AFTER_FAILURE_MS;
          if (known === undefined) throw unavailable(cause);
        }
      } else if (age >= STALE_MS) throw unavailable();
      return keys.get(id);
    },
  };
}

function unavailable(cause?: unknown): HttpProblem {
  const headers = { 'retry-after': '5' };
  return new HttpProblem(503, 'KEYS_UNAVAILABLE', 'The signing keys cannot be fetched now.', {}, { cause, headers });
}

async function fetchJson(http: Http, url: string): Promise<unknown> {
  const { status, body } = await http.request('GET', url, { accept: 'application/json' });
  if (status !== 200) throw new TeamsAnswered(status);
  return JSON.parse(body);
}
