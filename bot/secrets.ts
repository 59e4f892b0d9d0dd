import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { RefillError } from './errors.js';

/** Keeps what identifies a person out of stores: sealed for those who must read it again, a reference for look-ups. */
export interface Vault {
  /** Encrypts (AES-256-GCM, random nonce). The same text never seals the same way twice. At most 2^32 seals per key. */
  seal(text: string): string;
  /** The text that was sealed. Throws `VaultError` when it was altered, cut or sealed with another key. */
  open(sealed: string): string;
  /**
   * A keyed fingerprint of the parts (HMAC-SHA256, 128 bits, 22 base64url characters): equal parts, equal reference, and nobody
   * without the key can try phone numbers against it. `('ab', 'c')` and `('a', 'bc')` differ.
   */
  reference(...parts: readonly string[]): string;
}

/** The sealed text was altered, cut, or sealed with another key. */
export class VaultError extends RefillError {
  readonly code = 'VAULT_UNREADABLE';
}

/** The configured master key, or the key file, does not hold 32 bytes. */
export class KeyInvalid extends RefillError {
  readonly code = 'KEY_INVALID';
}

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const REFERENCE_BYTES = 16;
const KEY_ID_BYTES = 6;
/** Sealed texts before keys could be changed: they do not say which key sealed them. */
const UNNAMED = 'v1.';
const NAMED = /^v2\.([\w-]{8})\./;

/** The master keys a process has, 32 bytes each. */
export interface KeyRing {
  /** Seals. */
  readonly current: Buffer;
  /** Only open; newest first. */
  readonly previous: readonly Buffer[];
  /** Reads them again, where they may have been changed since: a key in a file. */
  readonly reload?: () => KeyRing;
}

/** A vault whose keys can be changed. Most of Refill sees only `Vault`. */
export interface KeyedVault extends Vault {
  /** Of the key that seals: public, and the start of every text it seals. */
  readonly keyId: string;
  /** Of every key this process has, the one that seals first. */
  readonly keyIds: readonly string[];
  /** What a text sealed now begins with: `v2.` and the key's id. */
  readonly prefix: string;
  /** The key of all references, sealed: kept with the data, so that it outlives the master key it was made from. */
  sealReferenceKey(): string;
  /** Makes references with this key from now on. Throws `VaultError`. */
  useReferenceKey(sealed: string): void;
}

/** How often a key nobody knows may have the key file read again, in milliseconds. */
const RELOAD_EVERY_MS = 1000;

/**
 * A vault over master keys. The first seals, all of them open, and references are made with a key of their own: derived from
 * the oldest master key until `useReferenceKey` says which it is, because what was looked up must be found again for good.
 */
export function createVault(keys: Uint8Array | KeyRing): KeyedVault {
  let ring: KeyRing = 'current' in keys ? keys : { current: Buffer.from(keys), previous: [] };
  const sealer = sealerOf(ring.current);
  let sealers = sealersOf(ring);
  let reloadedAt = Number.NEGATIVE_INFINITY;
  let referring = deriveKey(ring.previous.at(-1) ?? ring.current, 'refill/reference/v1');

  const candidates = (id: string | undefined): readonly Sealer[] => {
    if (id === undefined) return sealers;
    const found = sealers.filter((one) => one.id === id);
    const now = performance.now();
    if (found.length > 0 || ring.reload === undefined || now - reloadedAt < RELOAD_EVERY_MS) return found;
    // Another process has a newer key already.
    reloadedAt = now;
    ring = { ...ring.reload(), reload: ring.reload };
    sealers = sealersOf(ring);
    return sealers.filter((one) => one.id === id);
  };

  const vault: KeyedVault = {
    keyId: sealer.id,
    get keyIds() {
      return sealers.map(({ id }) => id);
    },
    prefix: `v2.${sealer.id}.`,
    seal: (text) => sealer.seal(text),
    open(sealed) {
      const id = NAMED.exec(sealed)?.[1];
      const head = id === undefined ? UNNAMED : `v2.${id}.`;
      const box = unwrap(sealed, head);
      for (const one of candidates(id)) {
        const text = one.open(box, head);
        if (text !== undefined) return text;
      }
      throw new VaultError('sealed text was altered or sealed with another key');
    },
    reference(...parts) {
      const hmac = createHmac('sha256', referring);
      for (const part of parts) hmac.update(`${Buffer.byteLength(part)}:`).update(part);
      return hmac.digest().subarray(0, REFERENCE_BYTES).toString('base64url');
    },
    sealReferenceKey: () => vault.seal(referring.toString('base64')),
    useReferenceKey(sealed) {
      referring = decodeKey(vault.open(sealed), 'the reference key');
    },
  };
  return vault;
}

interface Sealer {
  readonly id: string;
  seal(text: string): string;
  /** `undefined` when this key did not seal it. */
  open(box: Buffer, head: string): string | undefined;
}

/** One master key's part. The head, key id included, is authenticated with the text. */
function sealerOf(masterKey: Uint8Array): Sealer {
  const id = deriveKey(masterKey, 'refill/key-id/v1', KEY_ID_BYTES).toString('base64url');
  const key = deriveKey(masterKey, 'refill/seal/v1');
  const ourHead = `v2.${id}.`;
  const authenticated = Buffer.from(ourHead);
  return {
    id,
    seal(text) {
      const nonce = nextNonce();
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(authenticated);
      const box = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return ourHead + box.toString('base64url');
    },
    open(box, head) {
      const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(head)).setAuthTag(box.subarray(-TAG_BYTES));
      try {
        return decipher.update(box.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
      } catch {
        return undefined;
      }
    },
  };
}

function sealersOf({ current, previous }: KeyRing): readonly Sealer[] {
  return [current, ...previous].map(sealerOf);
}

let unused = Buffer.alloc(0);

/** Random bytes, each handed out once; drawn in bulk, because asking for a dozen at a time costs a third of a seal. */
function nextNonce(): Buffer {
  if (unused.length < NONCE_BYTES) unused = randomBytes(512 * NONCE_BYTES);
  const nonce = unused.subarray(0, NONCE_BYTES);
  unused = unused.subarray(NONCE_BYTES);
  return nonce;
}

/** A key of `bytes` bytes for one purpose (HKDF-SHA256): keys for different purposes say nothing about each other. */
export function deriveKey(masterKey: Uint8Array, purpose: string, bytes = KEY_BYTES): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, new Uint8Array(), purpose, bytes));
}

/** Where master keys come from. */
export interface KeySource {
  readonly dataDir: string;
  /** `REFILL_KEY`: the key that seals; empty: a key file. */
  readonly key?: string | undefined;
  /** `REFILL_KEY_PREVIOUS`: keys that only open, separated by commas. */
  readonly previousKeys?: string | undefined;
  /** `REFILL_KEY_FILE`: one key a line, the one that seals first; empty: `${dataDir}/key`, made on the first start. */
  readonly keyFile?: string | undefined;
}

/**
 * The master keys: those configured (32 bytes as hex or base64), else those of the key file. Processes that start together for
 * the first time agree on one key. Throws `KeyInvalid`; never says what the wrong value was.
 */
export function loadKeys({ dataDir, key, previousKeys, keyFile }: KeySource): KeyRing {
  const previous = listed(previousKeys).map((text) => decodeKey(text, 'REFILL_KEY_PREVIOUS'));
  if (key !== undefined && key !== '') return { current: decodeKey(key, 'REFILL_KEY'), previous };
  const file = keyFileOf({ dataDir, keyFile });
  const read = (): KeyRing => {
    const [current, ...older] = readKeys(file);
    return { current: current ?? decodeKey('', file), previous: [...older, ...previous], reload: read };
  };
  if (!existsSync(file) && !keyFile) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    writeKeys(file, [randomBytes(KEY_BYTES)], 'first');
  }
  return read();
}

/** The file that `loadKeys` reads when no key is in the environment. */
export function keyFileOf({ dataDir, keyFile }: KeySource): string {
  return keyFile ? keyFile : join(dataDir, 'key');
}

const listed = (text = '') =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** Every key of a file, the one that seals first. Throws `KeyInvalid`. */
export function readKeys(file: string): Buffer[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new KeyInvalid(`the key file ${file} cannot be read`, { cause });
  }
  const lines = text.split('\n').map((line) => line.trim());
  const keys = lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => decodeKey(line, file));
  return keys.length > 0 ? keys : [decodeKey('', file)];
}

/**
 * Written whole and on disk under another name first: the keys appear at once or not at all. `first` never replaces a file
 * that is there; whoever comes second finds the other's key.
 */
export function writeKeys(file: string, keys: readonly Buffer[], how: 'first' | 'replace'): void {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  const handle = openSync(draft, 'wx', 0o600);
  try {
    writeSync(handle, keys.map((key) => `${key.toString('base64')}\n`).join(''));
    fsyncSync(handle);
    if (how === 'replace') renameSync(draft, file);
    else linkSync(draft, file);
  } catch (error) {
    if (how === 'replace' || (error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    closeSync(handle);
    rmSync(draft, { force: true });
  }
}

function decodeKey(text: string, where: string): Buffer {
  const key = Buffer.from(text, /^[0-9a-f]{64}$/i.test(text) ? 'hex' : 'base64');
  const base64 = /^[A-Za-z0-9+/_-]{43}=?$/.test(text);
  if (key.length === KEY_BYTES && (base64 || text.length === 2 * KEY_BYTES)) return key;
  throw new KeyInvalid(`${where} must hold 32 bytes as hex (64 characters) or base64 (44 characters)`);
}

function unwrap(sealed: string, head: string): Buffer {
  const text = sealed.startsWith(head) ? sealed.slice(head.length) : '';
  const box = Buffer.from(text, 'base64url');
  // Base64 has several spellings of the same bytes; only the one that `seal` writes is taken.
  if (box.length < NONCE_BYTES + TAG_BYTES || box.toString('base64url') !== text) {
    throw new VaultError('not a sealed text of a version this Refill knows');
  }
  return box;
}
