import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's root folder. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * @typedef {object} Part
 * @property {string} name
 * @property {string[]} inputs the files and folders it is built from
 * @property {RegExp} files which of a folder's files count
 * @property {string} tool
 * @property {string[]} args
 */

/** @type {Part[]} */
const parts = [
  {
    name: 'server',
    inputs: [
      'bot',
      'adapters',
      'flows',
      'workers',
      'sandbox',
      'tsconfig.json',
      'tsconfig.build.json',
      'package-lock.json',
    ],
    files: /\.ts$/,
    tool: 'node_modules/typescript/bin/tsc',
    args: ['-p', 'tsconfig.build.json'],
  },
  {
    name: 'console',
    inputs: ['console', 'bot/domain', 'bot/errors.ts', 'tsconfig.json', 'package-lock.json'],
    files: /./,
    tool: 'node_modules/vite/bin/vite.js',
    args: ['build', 'console', '--config', 'console/vite.config.ts', '--logLevel', 'warn'],
  },
];

/**
 * Builds what is out of date into `dist/`: the parts side by side, one line on standard error for all of them.
 * What counts is the content of the sources, not their times: a checkout or a copy keeps its build.
 * Rejects with what the compiler said when a part cannot be built.
 *
 * @param {string[]} [names] of the parts to build; all of them when left out
 */
export async function buildIfStale(names = parts.map(({ name }) => name)) {
  const stale = parts
    .filter(({ name }) => names.includes(name))
    .map((part) => ({ part, print: fingerprint(root, part) }))
    .filter(({ part, print }) => readStamp(part.name) !== print);
  if (stale.length === 0) return;
  const started = performance.now();
  mkdirSync(join(root, 'dist'), { recursive: true });
  const built = await Promise.allSettled(stale.map(({ part, print }) => build(part, print)));
  const failed = built.filter((result) => result.status === 'rejected');
  if (failed.length > 0) throw new Error(failed.map(({ reason }) => reason.message).join('\n'));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stderr.write(`built ${stale.map(({ part }) => part.name).join(' and ')} in ${seconds} s\n`);
}

/**
 * A hash of the names and contents of everything a part is built from.
 *
 * @param {string} folder
 * @param {Pick<Part, 'inputs' | 'files'>} part
 */
export function fingerprint(folder, { inputs, files }) {
  const hash = createHash('sha256');
  for (const path of inputs.flatMap((input) => listFiles(folder, input, files))) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(folder, path)))
      .update('\0');
  }
  return hash.digest('hex');
}

/** @type {(folder: string, input: string, files: RegExp) => string[]} */
function listFiles(folder, input, files) {
  const path = join(folder, input);
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found?.isDirectory()) return found ? [input] : [];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && files.test(entry.name))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/** @param {string} name */
const stampPath = (name) => join(root, 'dist', `.${name}.stamp`);

/** @param {string} name */
function readStamp(name) {
  return existsSync(stampPath(name)) ? readFileSync(stampPath(name), 'utf8') : undefined;
}

/** @type {(part: Part, print: string) => Promise<void>} */
async function build({ name, tool, args }, print) {
  if (!existsSync(join(root, tool))) {
    throw new Error(`${name} must be built and ${tool} is not there: run \`npm ci --ignore-scripts\` first`);
  }
  rmSync(stampPath(name), { force: true });
  const { code, output } = await run(process.execPath, [tool, ...args]);
  if (code !== 0) throw new Error(`${name} could not be built:\n${output}`);
  writeFileSync(stampPath(name), print);
}

/** @type {(command: string, args: string[]) => Promise<{ code: number | null, output: string }>} */
function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk) => {
        output += chunk;
      });
    }
    child.once('error', reject).once('close', (code) => resolve({ code, output }));
  });
}

/** @param {unknown} error */
export function fail(error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildIfStale().catch(fail);
