import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createVault, deriveKey, KeyInvalid, loadKeys, VaultError } from '../../bot/secrets.js';
import { startScript, tempFolder } from '../support/stores.js';

const key = Buffer.alloc(32, 7);
const vault = createVault(key);

describe('a vault', () => {
  test('opens what it sealed, whatever the text', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => expect(vault.open(vault.seal(text))).toBe(text)));
  });

  test('seals the same text differently every time and shows nothing of it', () => {
    const sealed = new Set(Array.from({ length: 100 }, () => vault.seal('60123456789')));
    expect(sealed.size).toBe(100);
    for (const text of sealed) expect(text).toMatch(/^v2\.[\w-]{8}\.[\w-]+$/);
    expect([...sealed].join()).not.toContain('60123456789');
  });

  test('refuses a sealed text with any one character changed, left out or added', () => {
    const sealed = vault.seal('60123456789');
    for (let at = 0; at < sealed.length; at++) {
      for (const other of ['A', 'b', '-', '.', '=', ' ']) {
        const changed = sealed.slice(0, at) + other + sealed.slice(at + 1);
        if (changed !== sealed) expect(() => vault.open(changed)).toThrow(VaultError);
      }
      expect(() => vault.open(sealed.slice(0, at))).toThrow(VaultError);
      expect(() => vault.open(sealed.slice(0, at) + sealed.slice(at + 1))).toThrow(VaultError);
    }
    expect(() => vault.open(`${sealed}A`)).toThrow(VaultError);
  });

  test('refuses a sealed text with any one bit of its bytes flipped', () => {
    const sealed = vault.seal('60123456789');
    const box = Buffer.from(sealed.slice(vault.prefix.length), 'base64url');
    for (let bit = 0; bit < box.length * 8; bit++) {
      const flipped = Buffer.from(box);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => vault.open(vault.prefix + flipped.toString('base64url'))).toThrow(VaultError);
    }
  });

  test('refuses what another key sealed, with a stable code and none of the text', () => {
    const sealed = createVault(Buffer.alloc(32, 8)).seal('60123456789');
    expect(() => vault.open(sealed)).toThrow(expect.objectContaining({ code: 'VAULT_UNREADABLE' }));
    expect(() => vault.open('60123456789')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('60123456789') }),
    );
  });
});

describe('a reference', () => {
  test('is the same for the same parts and 22 characters that a URL can carry', () => {
    expect(vault.reference('line', '60123')).toBe(vault.reference('line', '60123'));
    expect(vault.reference('line', '60123')).toMatch(/^[\w-]{22}$/);
  });

  test('tells apart lists of parts that read the same in one line', () => {
    const parts = fc.array(fc.string({ unit: 'grapheme', maxLength: 4 }), { maxLength: 4 });
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        const same = JSON.stringify(a) === JSON.stringify(b);
        expect(vault.reference(...a) === vault.reference(...b)).toBe(same);
      }),
    );
    expect(vault.reference('ab', 'c')).not.toBe(vault.reference('a', 'bc'));
    expect(vault.reference('1:a')).not.toBe(vault.reference('', 'a'));
  });

  test('depends on the key', () => {
    expect(createVault(Buffer.alloc(32, 8)).reference('a')).not.toBe(vault.reference('a'));
  });
});

test('keys for different purposes differ, and each is always the same', () => {
  expect(deriveKey(key, 'a')).toEqual(deriveKey(key, 'a'));
  expect(deriveKey(key, 'a')).not.toEqual(deriveKey(key, 'b'));
  expect(deriveKey(key, 'a', 16)).toHaveLength(16);
});

describe('the master key', () => {
  let folder: ReturnType<typeof tempFolder>;
  beforeEach(() => {
    folder = tempFolder();
  });
  afterEach(() => folder.remove());

  test('is taken from the configuration as hex or base64, and then no file is made', () => {
    const secret = Buffer.from(Array.from({ length: 32 }, (_, index) => 255 - index));
    for (const form of ['hex', 'base64', 'base64url'] as const) {
      expect(loadKeys({ dataDir: folder.path, key: secret.toString(form) }).current).toEqual(secret);
    }
    expect(() => statSync(join(folder.path, 'key'))).toThrow('ENOENT');
  });

  test.each(['short', 'z'.repeat(64), 'A'.repeat(42), 'A'.repeat(45), `${'A'.repeat(42)}!=`])(
    'is refused when it is not 32 bytes (%s), without being repeated',
    (wrong) => {
      expect(() => loadKeys({ dataDir: folder.path, key: wrong })).toThrow(KeyInvalid);
      expect(() => loadKeys({ dataDir: folder.path, key: wrong })).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining(wrong) }),
      );
    },
  );

  test('is made once, readable by its owner alone, and found again', () => {
    const dataDir = join(folder.path, 'var');
    const made = loadKeys({ dataDir }).current;
    expect(made).toHaveLength(32);
    expect(loadKeys({ dataDir, key: '' }).current).toEqual(made);
    expect(statSync(join(dataDir, 'key')).mode & 0o777).toBe(0o600);
  });

  test('is not made anew over a damaged file: what was sealed would be lost', () => {
    writeFileSync(join(folder.path, 'key'), 'damaged');
    expect(() => loadKeys({ dataDir: folder.path })).toThrow(KeyInvalid);
    expect(readFileSync(join(folder.path, 'key'), 'utf8')).toBe('damaged');
  });

  test('is one and the same for processes that start together', async () => {
    const program = `import { loadKeys } from './bot/secrets.ts';
      console.log(loadKeys({ dataDir: process.argv[1] }).current.toString('hex'))`;
    const keys = await Promise.all(Array.from({ length: 4 }, () => startScript(program, folder.path).output));
    expect(keys[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(keys).size).toBe(1);
  });
});
