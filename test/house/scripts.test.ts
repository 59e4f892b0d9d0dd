import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { fingerprint } from '../../scripts/build-if-stale.mjs';
import { findMissing } from '../../scripts/complete-lock.mjs';
import { prepareTools } from '../../scripts/test-tools.mjs';
import { root } from './tree.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'refill-scripts-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('what counts as stale', () => {
  const part = { inputs: ['bot', 'tsconfig.json'], files: /\.ts$/ };
  const print = (where = join(folder, 'tree')) => fingerprint(where, part);
  const write = (path: string, text: string) => writeFileSync(join(folder, 'tree', path), text);

  beforeEach(() => {
    mkdirSync(join(folder, 'tree/bot/domain'), { recursive: true });
    write('bot/app.ts', 'a');
    write('bot/domain/money.ts', 'b');
    write('tsconfig.json', '{}');
  });

  test('a changed, an added and a renamed source each do', () => {
    const prints = new Set([print()]);
    write('bot/domain/money.ts', 'c');
    prints.add(print());
    write('bot/domain/quota.ts', '');
    prints.add(print());
    renameSync(join(folder, 'tree/bot/domain/quota.ts'), join(folder, 'tree/bot/domain/offer.ts'));
    prints.add(print());
    write('tsconfig.json', '{ }');
    prints.add(print());
    expect(prints.size).toBe(5);
  });

  test('a copy with new times does not, nor does a file that is not compiled', () => {
    const before = print();
    cpSync(join(folder, 'tree'), join(folder, 'copy'), { recursive: true });
    expect(print(join(folder, 'copy'))).toBe(before);
    write('bot/README.md', 'words');
    expect(print()).toBe(before);
  });
});

describe('what the tests need beside Node', () => {
  const environment = { ...process.env };
  const install = (name: string) => {
    writeFileSync(join(folder, name), '');
    chmodSync(join(folder, name), 0o755);
  };

  beforeEach(() => {
    process.env['PATH'] = folder;
    delete process.env['CI'];
  });
  afterEach(() => {
    process.env = { ...environment };
  });

  test('nothing is asked for where everything is there', () => {
    install('redis-server');
    install('google-chrome');
    expect(prepareTools()).toEqual({});
  });

  test('without a browser the browser tests are told why they skip', () => {
    install('redis-server');
    expect(prepareTools()['REFILL_NO_BROWSER']).toMatch(/^Chromium .* is not on PATH and there is no apt-get/);
  });

  test('in CI a missing browser is an error', () => {
    install('redis-server');
    process.env['CI'] = 'true';
    expect(() => prepareTools()).toThrow(/Chromium .* is not on PATH.*apt-get install chromium/);
  });

  test('without Redis nothing can be tested, and the sentence says how to get it', () => {
    install('chromium');
    expect(() => prepareTools()).toThrow(/redis-server\) is not on PATH.*apt-get install redis-server/);
  });
});

test.each(['start', 'dev', 'sandbox', 'test'])('a SIGTERM to `npm run %s` reaches the program', async (name) => {
  const program = `process.on('SIGTERM', () => process.exit(0)); setTimeout(() => process.exit(9), 15_000); console.log('up');`;
  mkdirSync(join(folder, 'scripts'));
  for (const file of ['run.mjs', 'test.mjs']) writeFileSync(join(folder, 'scripts', file), program);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));

  const npm = spawn('npm', ['run', '--silent', name], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
  await once(npm.stdout, 'data');
  npm.kill('SIGTERM');
  expect(await once(npm, 'close')).toEqual([0, null]);
});

describe('package-lock.json', () => {
  test('has an entry for every platform, so that `npm ci` takes it with any registry', () => {
    expect(findMissing(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')))).toEqual([]);
  });

  test('an optional package is looked for where Node would look', () => {
    const optionalDependencies = { native: '1.2.3' };
    const nested = { '': {}, 'node_modules/a/node_modules/b': { optionalDependencies, dev: true } };
    expect(findMissing({ packages: nested })).toEqual([{ name: 'native', version: '1.2.3', dev: true }]);
    for (const place of ['', 'node_modules/a/', 'node_modules/a/node_modules/b/']) {
      expect(findMissing({ packages: { ...nested, [`${place}node_modules/native`]: {} } })).toEqual([]);
    }
    expect(findMissing({ packages: { ...nested, 'node_modules/c/node_modules/native': {} } })).toHaveLength(1);
  });
});

test('every script that a page tells the reader to run exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const pages = ['.', 'docs'].flatMap((name) =>
    readdirSync(join(root, name), { recursive: name !== '.', encoding: 'utf8' })
      .filter((page) => page.endsWith('.md'))
      .map((page) => join(name, page)),
  );
  const told = pages.flatMap((page) =>
    [...readFileSync(join(root, page), 'utf8').matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)].map(
      ([, run, short]) => `${page}: ${run ?? short}`,
    ),
  );
  expect(told.length).toBeGreaterThan(0);
  expect(told.filter((line) => !scripts[line.split(': ')[1] ?? ''])).toEqual([]);
});
