import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './build-if-stale.mjs';

/**
 * `npm run lock`, after a dependency was added or updated: gives package-lock.json the native packages of every platform.
 * npm leaves out of the lock what the registry at hand does not carry, even for platforms it would never install here, and
 * `npm ci` then refuses the lock. An entry made here has no checksum: nobody has seen the package.
 *
 * @typedef {{ version?: string, dev?: boolean, devOptional?: boolean, optionalDependencies?: Record<string, string> }} Entry
 * @typedef {{ packages: Record<string, Entry> }} Lock
 */

/**
 * The optional dependencies that the lock has no entry for.
 *
 * @param {Lock} lock
 */
export function findMissing({ packages }) {
  return Object.entries(packages).flatMap(([parent, { optionalDependencies = {}, dev, devOptional }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !folders(parent).some((folder) => packages[`${folder}node_modules/${name}`]))
      .map(([name, version]) => ({ name, version, dev, devOptional })),
  );
}

/**
 * The folders in which a package may keep its dependencies, as Node looks for them.
 *
 * @param {string} parent
 */
function folders(parent) {
  const found = [''];
  for (let end = parent.length; end > 0; end = parent.lastIndexOf('/node_modules/', end - 1)) {
    found.unshift(`${parent.slice(0, end)}/`);
  }
  return found;
}

/**
 * The platform as npm's lock writes it, read from the name: `binding-linux-x64-musl`.
 *
 * @param {string} name
 */
function platform(name) {
  const words = name.split(/[/-]/);
  const os = words.find((word) =>
    /^(aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)$/.test(word),
  );
  const cpu = words.find((word) => /^(arm|arm64|ia32|loong64|mips64el|ppc64|riscv64|s390x|x64)$/.test(word));
  if (!os || !cpu) throw new Error(`${name} does not say its platform: add it to package-lock.json by hand`);
  if (os !== 'linux') return { cpu: [cpu], os: [os] };
  return { cpu: [cpu], libc: [words.some((word) => word.startsWith('musl')) ? 'musl' : 'glibc'], os: [os] };
}

function main() {
  const path = join(root, 'package-lock.json');
  /** @type {Lock} */
  const lock = JSON.parse(readFileSync(path, 'utf8'));
  const missing = findMissing(lock);
  for (const { name, version, ...flags } of missing) {
    if (!/^\d/.test(version))
      throw new Error(`${name} is asked for as ${version}: add it to package-lock.json by hand`);
    Object.assign(lock.packages, {
      [`node_modules/${name}`]: { version, ...flags, optional: true, ...platform(name) },
    });
  }
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
  writeFileSync(path, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
  process.stdout.write(`package-lock.json: ${missing.length} packages of other platforms added\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
