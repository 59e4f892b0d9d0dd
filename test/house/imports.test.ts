import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { root, sources } from './tree.js';

/** One import that the named rule must forbid: [rule, file, what it imports]. */
const forbidden: [rule: string, from: string, to: string][] = [
  ['bot-knows-no-part', 'bot/http.ts', 'adapters/web/index.ts'],
  ['bot-knows-no-part', 'bot/conversation/turn.ts', 'flows/balance.ts'],
  ['bot-knows-no-part', 'bot/ledger/store.ts', 'workers/turns.ts'],
  ['bot-knows-no-part', 'bot/identity/identity.ts', 'sandbox/main.ts'],
  ['domain-is-pure', 'bot/domain/money.ts', 'zod'],
  ['domain-is-pure', 'bot/domain/offer.ts', 'node:fs'],
  ['domain-is-pure', 'bot/domain/quota.ts', 'bot/telco.ts'],
  ['adapter-imports-bot-only', 'adapters/slack/index.ts', 'flows/balance.ts'],
  ['adapter-imports-bot-only', 'adapters/slack/send.ts', 'workers/turns.ts'],
  ['adapter-imports-bot-only', 'adapters/millom/client.ts', 'sandbox/main.ts'],
  ['adapter-stands-alone', 'adapters/slack/render.ts', 'adapters/web/index.ts'],
  ['flow-imports-bot-only', 'flows/purchase.ts', 'adapters/web/index.ts'],
  ['flow-imports-bot-only', 'flows/offers.ts', 'workers/turns.ts'],
  ['worker-imports-bot-only', 'workers/nudges.ts', 'flows/balance.ts'],
  ['worker-imports-bot-only', 'workers/callbacks.ts', 'adapters/web/index.ts'],
  ['sandbox-stands-apart', 'sandbox/server.ts', 'bot/problem.ts'],
  ['sandbox-stands-apart', 'sandbox/world.ts', 'adapters/web/index.ts'],
  ['production-without-tests', 'workers/receipts.ts', 'test/house/tree.ts'],
  ['production-without-dev-packages', 'flows/help.ts', 'js-yaml'],
  ['production-without-dev-packages', 'flows/stop.ts', 'acorn'],
  ['no-cycles', 'bot/a.ts', 'bot/b.ts'],
  ['resolvable', 'bot/c.ts', 'bot/nowhere.ts'],
  ['resolvable', 'bot/d.ts', 'not-a-package-of-ours'],
];

/** Imports that must stay possible. */
const allowed: [from: string, to: string][] = [
  ['bot/app.ts', 'adapters/web/index.ts'],
  ['bot/app.ts', 'flows/balance.ts'],
  ['bot/main.ts', 'sandbox/main.ts'],
  ['bot/domain/balance.ts', 'bot/domain/text.ts'],
  ['bot/domain/purchase.ts', 'bot/errors.ts'],
  ['adapters/web/index.ts', 'bot/channel.ts'],
  ['adapters/web/index.ts', 'adapters/web/verify.ts'],
  ['flows/balance.ts', 'bot/domain/text.ts'],
  ['workers/turns.ts', 'bot/problem.ts'],
  ['sandbox/main.ts', 'bot/telco.ts'],
  ['bot/problem.ts', 'zod'],
];

/** A small tree of our shape in which each listed import is made, checked with the project's own rules. */
function cruise(folder: string): Set<string> {
  const importsOf = new Map<string, string[]>([['bot/b.ts', ['bot/a.ts']]]);
  for (const [from, to] of [...forbidden.map(([, ...pair]) => pair), ...allowed]) {
    importsOf.set(from, [...(importsOf.get(from) ?? []), to]);
    if (to.endsWith('.ts') && to !== 'bot/nowhere.ts') importsOf.set(to, importsOf.get(to) ?? []);
  }
  for (const [path, imports] of importsOf) {
    const up = '../'.repeat(path.split('/').length - 1);
    const lines = imports.map(
      (to) => `import type {} from '${to.endsWith('.ts') ? `${up}${to.slice(0, -3)}.js` : to}';`,
    );
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), `${lines.join('\n')}\nexport {};\n`);
  }
  for (const name of ['package.json', '.dependency-cruiser.cjs']) cpSync(join(root, name), join(folder, name));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));

  const bin = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const folders = ['bot', 'adapters', 'flows', 'workers', 'sandbox'];
  const { stdout } = spawnSync(process.execPath, [bin, '--output-type', 'json', ...folders], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const { summary } = JSON.parse(stdout) as {
    summary: { violations: { rule: { name: string }; from: string }[] };
  };
  return new Set(summary.violations.map(({ rule, from }) => `${rule.name} ${from}`));
}

describe('imports point one way', () => {
  const folder = mkdtempSync(join(tmpdir(), 'refill-imports-'));
  let violations = new Set<string>();

  beforeAll(() => {
    violations = cruise(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each(forbidden)('%s: %s may not import %s', (rule, from) => {
    expect(violations).toContain(`${rule} ${from}`);
  });

  test('nothing else is forbidden', () => {
    const expected = new Set([...forbidden.map(([rule, from]) => `${rule} ${from}`), 'no-cycles bot/b.ts']);
    expect([...violations].filter((violation) => !expected.has(violation))).toEqual([]);
  });
});

test('the page takes nothing from the server but the domain, its errors and types', () => {
  const imports = sources(['console/src']).flatMap(({ path, lines }) =>
    [...lines.join('\n').matchAll(/^(?:import|export)\s+(type\s)?[^;']*'((?:\.\.\/)+[^']+)'/gm)]
      .map(([, type, to = '']) => ({ path, type, to: join(dirname(path), to) }))
      .filter(({ to }) => !to.startsWith('console/')),
  );
  const pure = /^bot\/(domain\/|errors\.js$)/;
  expect(imports.filter(({ type, to }) => !pure.test(to) && !(type && to.startsWith('bot/')))).toEqual([]);
});
