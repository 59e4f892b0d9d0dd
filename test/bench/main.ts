import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ensureServer, stopServer } from '../../bot/stores/redis-server.js';
import { buildIfStale } from '../../scripts/build-if-stale.mjs';
import type { NoOp } from './noop.js';
import { profileTurns } from './profile.js';
import { tempDataDir } from './refill.js';
import { profileTable, type Results, table } from './report.js';
import { readSettings, type Settings } from './settings.js';
import { measureStarts } from './starts.js';
import { measureTurns } from './turns.js';

const settings = readSettings(process.argv.slice(2), process.env);
if (settings !== undefined) {
  await buildIfStale(['server']);
  if (settings.profile) process.stdout.write(profileTable(await profileTurns(settings)));
  else await measure(settings);
}

/** One thing after the other: on a small machine whatever runs beside is measured too. */
async function measure(settings: Settings): Promise<void> {
  const started = performance.now();
  const say = (text: string) =>
    process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  ${text}\n`);
  say('plain BullMQ');
  const before = await measureNoOp(settings.jobs);
  say('starts');
  const starts = await measureStarts();
  const turns = await measureTurns(settings, say);
  // Again, so that a machine that got slower or faster meanwhile shows.
  say('plain BullMQ again');
  const after = await measureNoOp(settings.jobs);
  const machine = { node: process.version, processors: cpus().length, model: cpus()[0]?.model ?? 'unknown' };
  const results: Results = { at: new Date().toISOString(), machine, settings, noOp: [before, after], starts, turns };
  process.stdout.write(table(results));
  if (settings.json !== undefined) {
    mkdirSync(dirname(settings.json), { recursive: true });
    writeFileSync(settings.json, `${JSON.stringify(results, undefined, 2)}\n`);
  }
  const { few, half, many } = turns;
  if ([few, half, many].some(({ lost, wrong, refused }) => lost + wrong + refused > 0)) process.exitCode = 1;
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
