import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ensureServer, stopServer } from '../../bot/stores/redis-server.js';
import { buildIfStale } from '../../scripts/build-if-stale.mjs';
import { measureAcks } from './acks.js';
import type { NoOp } from './noop.js';
import { measureOutages } from './outages.js';
import { type Profile, profilePurchases, profileTurns } from './profile.js';
import { measurePurchases } from './purchases.js';
import { tempDataDir } from './refill.js';
import { profileTable, type Results, table, wentWrong } from './report.js';
import { type Part, readSettings, type Settings } from './settings.js';
import { measureStarts } from './starts.js';
import { measureTurns } from './turns.js';

const settings = readSettings(process.argv.slice(2), process.env);
if (settings !== undefined) {
  await buildIfStale(['server']);
  if (settings.profile) process.stdout.write(profileTable(await profile(settings)));
  else await measure(settings);
}

/** Of purchases where they are all that was asked for. */
function profile(settings: Settings): Promise<Profile> {
  const { parts } = settings;
  return parts.has('purchases') && parts.size === 1 ? profilePurchases(settings) : profileTurns(settings);
}

/** One thing after the other: on a small machine whatever runs beside is measured too. */
async function measure(settings: Settings): Promise<void> {
  const started = performance.now();
  const say = (text: string) =>
    process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  ${text}\n`);
  const part = <T>(name: Part, run: () => Promise<T>): Promise<T | undefined> =>
    settings.parts.has(name) ? run() : Promise.resolve(undefined);
  const noOp = (when: string) => {
    say(`plain BullMQ${when}`);
    return measureNoOp(settings.jobs);
  };
  const before = await part('turns', () => noOp(''));
  const starts = await part('starts', () => {
    say('starts');
    return measureStarts();
  });
  const acks = await part('acks', () => measureAcks(settings, say));
  const outages = await part('outages', () => measureOutages(settings, say));
  const purchases = await part('purchases', () => measurePurchases(settings, say));
  const turns = await part('turns', () => measureTurns(settings, say));
  // Again, so that a machine that got slower or faster meanwhile shows.
  const after = await part('turns', () => noOp(' again'));
  const results: Results = {
    at: new Date().toISOString(),
    machine: { node: process.version, processors: cpus().length, model: cpus()[0]?.model ?? 'unknown' },
    settings: { ...settings, parts: [...settings.parts] },
    ...(before && after && { noOp: [before, after] }),
    ...(starts && { starts }),
    ...(acks && { acks }),
    ...(outages && { outages }),
    ...(purchases && { purchases }),
    ...(turns && { turns }),
  };
  process.stdout.write(table(results));
  if (settings.json !== undefined) {
    mkdirSync(dirname(settings.json), { recursive: true });
    writeFileSync(settings.json, `${JSON.stringify(results, undefined, 2)}\n`);
  }
  if (wentWrong(results)) process.exitCode = 1;
}

/** On a redis-server of its own, set up as Refill's. */
async function measureNoOp(jobs: number): Promise<NoOp> {
  const dataDir = tempDataDir();
  const server = await ensureServer(dataDir.path);
  try {
    const script = fileURLToPath(new URL('noop.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--import',
      'tsx',
      script,
      server.socket,
      String(jobs),
    ]);
    return JSON.parse(stdout) as NoOp;
  } finally {
    await stopServer(server);
    dataDir.remove();
  }
}
