import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose';
import { z } from 'zod';
import type { AccessLedger, PublicJwk, SigningKey } from '../ledger/access.js';
import { SKEW_SECONDS } from './jwt.js';

/** ES256: small, and understood by every gateway that may want to check our tokens too. */
export const ALGORITHM = 'ES256';
/** How long a token lives, in seconds. */
export const TOKEN_SECONDS = 3600;

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** A key is replaced after this long. */
const ROTATE_AFTER_MS = 30 * DAY_MS;
/** A new key is published this long before it signs. */
const PUBLISH_AHEAD_MS = 60 * MINUTE_MS;
/** What a process knows of the keys is this old at most … */
const REFRESH_MS = MINUTE_MS;
/** … and is asked for again no sooner than this for a key nobody knows. */
const COOLDOWN_MS = 5000;
/** How long a key still verifies after the next one began to sign: the life of its last token, and what clocks and caches differ. */
const OVERLAP_MS = (TOKEN_SECONDS + SKEW_SECONDS) * 1000 + 2 * REFRESH_MS;

/** The keys our tokens are signed with: shared by all processes, replaced in time by whichever comes first. */
export interface KeyRing {
  /** The key to sign with now. Rejects with `LedgerUnavailable` when no key was ever read and the ledger is away. */
  signing(): Promise<{ readonly kid: string; readonly key: CryptoKey }>;
  /** The key of that id while its tokens may live. */
  verifying(kid: string): Promise<CryptoKey | undefined>;
  /** For `/.well-known/jwks.json`: keys that sign, signed lately or will soon. */
  published(): Promise<readonly (PublicJwk & { readonly kid: string })[]>;
}

type Age = Pick<SigningKey, 'generation' | 'createdAt' | 'signsFrom'>;

/** What to do with the keys there are, oldest first. */
export interface KeyPlan {
  /** The generation that signs; `undefined` when there is no key. */
  readonly signing: number | undefined;
  /** Older generations have no living tokens any more. */
  readonly keepFrom: number;
  /** To be made, if it is time. */
  readonly next: { readonly generation: number; readonly signsInMs: number } | undefined;
}

export function planKeys(keys: readonly Age[], now: Date): KeyPlan {
  const since = (at: Date) => now.getTime() - at.getTime();
  const newest = keys.at(-1);
  if (newest === undefined) return { signing: undefined, keepFrom: 0, next: { generation: 1, signsInMs: 0 } };
  // The very first key signs at once, also where our clock is behind the database's.
  const signing = keys.findLast(({ signsFrom }) => since(signsFrom) >= 0) ?? keys[0];
  const settled = keys.findLast(({ signsFrom }) => since(signsFrom) >= OVERLAP_MS);
  const old = since(newest.createdAt) >= ROTATE_AFTER_MS;
  return {
    signing: signing?.generation,
    keepFrom: settled?.generation ?? 0,
    next: old ? { generation: newest.generation + 1, signsInMs: PUBLISH_AHEAD_MS } : undefined,
  };
}

interface Held {
  readonly kid: string;
  readonly publicJwk: PublicJwk;
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
}

interface Ring {
  readonly at: number;
  readonly signing: Held | undefined;
  readonly held: ReadonlyMap<string, Held>;
}

export function createKeyRing(ledger: AccessLedger, now: () => Date = () => new Date()): KeyRing {
  let ring: Ring | undefined;
  let reading: Promise<Ring> | undefined;

  async function read(): Promise<Ring> {
    let keys = await ledger.signingKeys();
    let plan = planKeys(keys, now());
    if (plan.next !== undefined) {
      // When another process was first, its key is the one.
      await addKey(ledger, plan.next);
      keys = await ledger.signingKeys();
      plan = planKeys(keys, now());
    }
    const kept = keys.filter(({ generation }) => generation >= plan.keepFrom);
    if (kept.length < keys.length) await ledger.removeSigningKeysBefore(plan.keepFrom);
    const held = await Promise.all(kept.map(hold));
    const signing = held[kept.findIndex(({ generation }) => generation === plan.signing)];
    return { at: now().getTime(), signing, held: new Map(held.map((key) => [key.kid, key])) };
  }
  /** The keys as they were `maxAgeMs` ago or later; what is known already when the ledger is away. */
  async function current(maxAgeMs: number): Promise<Ring> {
    if (ring !== undefined && now().getTime() - ring.at < maxAgeMs) return ring;
    reading ??= read().finally(() => {
      reading = undefined;
    });
    try {
      ring = await reading;
    } catch (error) {
      if (ring === undefined) throw error;
    }
    return ring;
  }
  return {
    async signing() {
      const { signing } = await current(REFRESH_MS);
      if (signing === undefined) throw new TypeError('a ring of keys without one that signs');
      return { kid: signing.kid, key: signing.privateKey };
    },
    async verifying(kid) {
      const known = (await current(REFRESH_MS)).held.get(kid) ?? (await current(COOLDOWN_MS)).held.get(kid);
      return known?.publicKey;
    },
    async published() {
      return [...(await current(REFRESH_MS)).held.values()].map(({ kid, publicJwk }) => ({ ...publicJwk, kid }));
    },
  };
}

/** Makes the key of `generation`. False when somebody else did. */
export async function addKey(
  ledger: AccessLedger,
  { generation, signsInMs }: NonNullable<KeyPlan['next']>,
): Promise<boolean> {
  const pair = await generateKeyPair(ALGORITHM, { extractable: true });
  const publicJwk = jwk.parse(await exportJWK(pair.publicKey));
  const kid = await calculateJwkThumbprint(publicJwk);
  const privateJwk = JSON.stringify(await exportJWK(pair.privateKey));
  return ledger.addSigningKey({ generation, kid, publicJwk, privateJwk, signsInMs });
}

const jwk = z.object({ kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string() });

async function hold({ kid, publicJwk, privateJwk }: SigningKey): Promise<Held> {
  const [publicKey, privateKey] = await Promise.all([
    importJWK({ ...publicJwk }, ALGORITHM) as Promise<CryptoKey>,
    importJWK(JSON.parse(privateJwk), ALGORITHM) as Promise<CryptoKey>,
  ]);
  return { kid, publicJwk, publicKey, privateKey };
}
