import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * What the tests need beside Node. Each is looked for on PATH, then installed with apt-get where that is possible (a
 * Debian machine, root). `fonts-noto-core` carries Noto Nastaliq Urdu and Noto Naskh Arabic for the screenshots.
 */
const tools = [
  {
    what: 'Redis',
    names: ['redis-server'],
    packages: ['redis-server'],
  },
  {
    what: 'Chromium',
    names: ['chromium', 'chromium-browser', 'google-chrome'],
    packages: ['chromium', 'fonts-noto-core', 'fonts-noto-color-emoji'],
    // Without a browser the other tests still say much: those that need one skip and give this reason.
    skipWith: 'REFILL_NO_BROWSER',
  },
];

/**
 * Returns the environment variables that the tests read: `REFILL_NO_BROWSER` holds why browser tests are skipped.
 * Throws when a tool is missing that cannot be done without; with `CI` set, that is every tool.
 */
export function prepareTools() {
  /** @type {Record<string, string>} */
  const variables = {};
  for (const { what, names, packages, skipWith } of tools) {
    if (names.some(isOnPath)) continue;
    const problem = install(packages);
    if (names.some(isOnPath)) continue;
    const reason = `${what} (${names.join(', ')}) is not on PATH and ${problem ?? 'installing it did not help'}`;
    if (skipWith === undefined || process.env.CI) {
      throw new Error(`${reason}. The tests need it: on Debian or Ubuntu, apt-get install ${packages.join(' ')}`);
    }
    process.stderr.write(`${reason}: tests that need it are skipped\n`);
    variables[skipWith] = reason;
  }
  return variables;
}

/**
 * Tries apt-get; returns why it could not.
 *
 * @param {string[]} packages
 */
function install(packages) {
  if (!isOnPath('apt-get')) return 'there is no apt-get to install it with';
  if (process.getuid?.() !== 0) return 'only root may install it';
  process.stderr.write(`installing ${packages.join(', ')}\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
    const { status, error, stderr } = spawnSync('apt-get', ['-q', ...args], { env, encoding: 'utf8' });
    if (error || status !== 0) return `apt-get ${args[0]} failed: ${error?.message ?? stderr.trim()}`;
  }
  return undefined;
}

/** @param {string} name */
function isOnPath(name) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
