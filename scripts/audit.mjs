import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './build-if-stale.mjs';

/**
 * `npm run audit`: what is installed is what was agreed on. Offline (`--offline`, what CI runs): every package of package-lock.json
 * has a checksum and no address but the npm registry's, and none that ships brings an install script that is not known to be unneeded.
 * Else also, over the network: `npm audit signatures`, and no known vulnerability of a package that ships but those in
 * `scripts/audit-allow.json`, each with its reason and an end. CI leaves the network part out: a registry that is slow, or an
 * advisory published this morning, shall not turn a build red that changed nothing; run it nightly.
 *
 * @typedef {{ version?: string, resolved?: string, integrity?: string, link?: boolean, dev?: boolean, optional?: boolean, hasInstallScript?: boolean }} Entry
 * @typedef {{ id: string, package: string, reason: string, until: string }} Allowed
 */

const REGISTRY = 'https://registry.npmjs.org/';

/**
 * What is wrong with a lock file.
 *
 * @param {{ packages: Record<string, Entry> }} lock
 * @param {ReadonlySet<string>} scriptsUnneeded names whose install scripts nobody needs: installs run with --ignore-scripts
 */
export function lockProblems({ packages }, scriptsUnneeded) {
  return Object.entries(packages).flatMap(([path, entry]) => {
    const name = path.replace(/^.*node_modules\//, '');
    if (path === '' || entry.link) return [];
    /** @type {string[]} */
    const problems = [];
    const { resolved, integrity, optional } = entry;
    // No address in the lock: it comes from whatever registry is configured, and the checksum says whether it is the same.
    if (resolved !== undefined && !resolved.startsWith(REGISTRY)) problems.push(`${name}: not from ${REGISTRY}`);
    // An optional package of another platform was never seen here (npm run lock); npm checks it where it installs it.
    if (integrity === undefined && !optional) problems.push(`${name}: no checksum`);
    if (integrity !== undefined && !/\bsha512-/.test(integrity)) problems.push(`${name}: no SHA-512 checksum`);
    if (entry.hasInstallScript && !entry.dev && !scriptsUnneeded.has(name)) {
      problems.push(`${name}: brings an install script; if it works without, say so in scripts/audit-allow.json`);
    }
    return problems;
  });
}

/**
 * The advisories of `npm audit --json` that nobody allowed.
 *
 * @param {{ vulnerabilities?: Record<string, { via: (string | { source: number, name: string, title: string, url: string })[] }> }} report
 * @param {readonly Allowed[]} allowed
 * @param {Date} now
 */
export function vulnerabilities({ vulnerabilities: found = {} }, allowed, now) {
  const current = allowed.filter(({ until }) => new Date(until) > now);
  const advisories = Object.values(found).flatMap(({ via }) => via.filter((one) => typeof one === 'object'));
  const open = advisories.filter(
    ({ url, name }) => !current.some((known) => url.endsWith(known.id) && known.package === name),
  );
  return [...new Set(open.map(({ name, title, url }) => `${name}: ${title} (${url})`))];
}

function main() {
  /** @type {{ advisories: Allowed[], installScripts: { package: string, reason: string }[] }} */
  const allow = JSON.parse(readFileSync(join(root, 'scripts/audit-allow.json'), 'utf8'));
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const problems = lockProblems(lock, new Set(allow.installScripts.map((one) => one.package)));
  if (!process.argv.includes('--offline')) {
    const signatures = npm('audit', 'signatures');
    if (signatures.status !== 0) problems.push(`npm audit signatures: ${reasonOf(signatures)}`);
    const audit = npm('audit', '--omit=dev', '--json');
    const report = readReport(audit.said);
    if (report === undefined) problems.push(`npm audit gave no report: ${reasonOf(audit)}`);
    else problems.push(...vulnerabilities(report, allow.advisories, new Date()));
  }
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  const count = Object.keys(lock.packages).length - 1;
  process.stdout.write(`${count} packages, ${problems.length} problems\n`);
  if (problems.length > 0) process.exitCode = 1;
}

/** @param {string[]} args */
function npm(...args) {
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd: root, encoding: 'utf8' });
  return { status, said: stdout, complaint: stderr };
}

/**
 * Why npm could not say: the first thing it complained of that is one.
 *
 * @param {{ said: string, complaint: string }} answer
 */
export function reasonOf({ said, complaint }) {
  const lines = `${complaint}\n${said}`.split('\n').map((line) => line.replace(/^npm (error|warn) /, '').trim());
  const telling = lines.find((line) => /\b(E[A-Z]{4,}|[45]\d\d [A-Z]|failed|invalid|missing)/.test(line));
  return telling ?? lines.find((line) => line !== '') ?? 'no reason given';
}

/** @param {string} text */
function readReport(text) {
  try {
    const report = JSON.parse(text);
    return report.vulnerabilities === undefined ? undefined : report;
  } catch {
    return undefined;
  }
}

if (process.argv[1] === join(root, 'scripts/audit.mjs')) main();
