import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { findLines, production, root, sources } from '../house/tree.js';

const TSC = join(root, 'node_modules/typescript/bin/tsc');
const FLAGS = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2023', '--types', ''];

/** What the compiler says to a message whose heading is `expression`. */
function compile(expression: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'refill-brand-'));
  try {
    const file = join(folder, 'fixture.mts');
    writeFileSync(
      file,
      `import type { Message } from '${root}/bot/message/message.js';
       import type { Translator } from '${root}/bot/i18n/translator.js';
       export const say = (t: Translator): Message => ({
         language: 'en', direction: 'ltr', actions: [],
         blocks: [{ type: 'heading', text: ${expression} }],
       });`,
    );
    const { stdout, stderr } = spawnSync(process.execPath, [TSC, ...FLAGS, file], { cwd: folder, encoding: 'utf8' });
    return stdout + stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('what is shown to a subscriber', () => {
  test('comes from a translator: the compiler refuses a bare string in a message', () => {
    expect(compile(`t.literal('Hello')`)).toBe('');
    expect(compile(`'Hello'`)).toMatch(/TS2322.*is not assignable/s);
    expect(compile(`'Hello ' + t.literal('x')`)).toMatch(/TS2322.*is not assignable/s);
  });

  test('is called localized by the translator alone', () => {
    const elsewhere = sources([...production, 'console']).filter(({ path }) => !path.startsWith('bot/i18n/'));
    expect(
      findLines(elsewhere, (line) => /\bas\s+(unknown\s+as\s+)?Localized\b|<Localized>\s*['"`(]/.test(line)),
    ).toEqual([]);
  });
});
