import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
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
const VERSION = 'v1.';
const AUTHENTICATED = Buffer.from(VERSION);

/** A vault over a master key of 32 bytes. */
export function createVault(masterKey: Uint8Array): Vault {
  const sealing = deriveKey(masterKey, 'refill/seal/v1');
  const referring = deriveKey(masterKey, 'refill/reference/v1');
  return {
    seal(text) {
      const nonce = nextNonce();
      const cipher = createCipheriv('aes-256-gcm', sealing, nonce).setAAD(AUTHENTICATED);
      const box = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return VERSION + box.toString('base64url');
    },
    open(sealed) {
      const box = unwrap(sealed);
      const nonce = box.subarray(0, NONCE_BYTES);
      const tag = box.subarray(-TAG_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', sealing, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(AUTHENTICATED).setAuthTag(tag);
      try {
        return decipher.update(box.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
      } catch (cause) {
        throw new VaultError('sealed text was altered or sealed with another key', { cause });
      }
    },
    reference(...parts) {
      const hmac = createHmac('sha256', referring);
      for (const part of parts) hmac.update(`${Buffer.byteLength(part)}:`).update(part);
      return hmac.digest().subarray(0, REFERENCE_BYTES).toString('base64url');
    },
  };
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

/**
 * The master key: `configured` (32 bytes as hex or base64), else the one in `${dataDir}/key`, made on the first start. Processes
 * that start together agree on one key. Throws `KeyInvalid`; never says what the wrong value was.
 */
export function loadKey(dataDir: string, configured?: string): Buffer {
  if (configured !== undefined && configured !== '') return decodeKey(configured, 'the configured key');
  const file = join(dataDir, 'key');
  const key = readKey(file);
  if (key !== undefined) return key;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  createKey(file);
  return readKey(file) ?? decodeKey('', file);
}

function readKey(file: string): Buffer | undefined {
  try {
    return decodeKey(readFileSync(file, 'utf8').trim(), file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Written whole and on disk under another name first: the key appears at once or not at all, and never replaces one. */
function createKey(file: string): void {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  const handle = openSync(draft, 'wx', 0o600);
  try {
    writeSync(handle, `${randomBytes(KEY_BYTES).toString('base64')}\n`);
    fsyncSync(handle);
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    closeSync(handle);
    unlinkSync(draft);
  }
}

function decodeKey(text: string, where: string): Buffer {
  const key = Buffer.from(text, /^[0-9a-f]{64}$/i.test(text) ? 'hex' : 'base64');
  const base64 = /^[A-Za-z0-9+/_-]{43}=?$/.test(text);
  if (key.length === KEY_BYTES && (base64 || text.length === 2 * KEY_BYTES)) return key;
  throw new KeyInvalid(`${where} must hold 32 bytes as hex (64 characters) or base64 (44 characters)`);
}

function unwrap(sealed: string): Buffer {
  const text = sealed.startsWith(VERSION) ? sealed.slice(VERSION.length) : '';
  const box = Buffer.from(text, 'base64url');
  // Base64 has several spellings of the same bytes; only the one that `seal` writes is taken.
  if (box.length < NONCE_BYTES + TAG_BYTES || box.toString('base64url') !== text) {
    throw new VaultError('not a sealed text of a version this Refill knows');
  }
  return box;
}
