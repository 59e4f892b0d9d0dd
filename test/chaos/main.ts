import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inspect, parseArgs } from 'node:util';
import { packageRoot } from '../../bot/paths.js';
import { GUARDS } from './inside/orders.js';
import { leaveNothing } from './leave-nothing.js';
import { report, total } from './report.js';
import { MODES, type RunResult, run } from './run.js';
import { StoresMissing } from './stores.js';

const USAGE = `npm run chaos -- [--kills 200] [--seed n] [--mode dedupe|charge-every-post|both] [--minutes m]
                 [--wipes 0] [--break ${GUARDS.join('|')}]

Kills Refill's processes and stores while subscribers buy, then holds the telco's charge log against the ledger and what the
subscribers were told. --kills, and the times at which Redis loses its data at least (--wipes), are shared by the modes;
--minutes limits the faults of each. Exits 0 only when every promise was kept and all of it was done. --break takes a guard out, and must therefore fail.
`;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: '20261121' },
    mode: { type: 'string', default: 'both' },
    minutes: { type: 'string' },
    wipes: { type: 'string', default: '0' },
    break: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const modes = MODES.filter((mode) => values.mode === 'both' || values.mode === mode);
const guard = GUARDS.find((name) => name === values.break);
const kills = Number(values.kills);
const seed = Number(values.seed);
const wipes = Number(values.wipes);
let lastShown = 0;
const wrong =
  modes.length === 0 || !(kills > 0) || !(wipes >= 0) || !Number.isInteger(seed) || (values.break ?? guard) !== guard;

// A run that is broken off leaves nothing behind either: see `leaveNothing`.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

if (values.help || wrong) {
  process.stderr.write(USAGE);
  process.exit(values.help ? 0 : 2);
}
const code = await main().catch((error: unknown) => {
  process.stderr.write(`chaos: ${error instanceof StoresMissing ? error.message : inspect(error)}\n`);
  return 2;
});
// Nothing that may still be closing keeps CI waiting.
process.stdout.write('', () => process.exit(code));

async function main(): Promise<number> {
  const share = Math.ceil(kills / modes.length);
  const wipesEach = Math.ceil(wipes / modes.length);
  // A kill takes a second or two, and as long again on a busy machine.
  const withinMs = values.minutes === undefined ? share * 5_000 + 60_000 : Number(values.minutes) * 60_000;
  const build = compile();
  const results: RunResult[] = [];
  const forget = leaveNothing(() => rmSync(build, { recursive: true, force: true }));
  try {
    for (const mode of modes) {
      const much = { kills: share, wipes: wipesEach, withinMs };
      results.push(await run({ ...much, build, mode, seed, without: guard, onProgress: showProgress }));
    }
  } finally {
    forget();
  }
  process.stdout.write(`\nseed ${seed}${guard === undefined ? '' : `, without its guard: ${guard}`}\n`);
  process.stdout.write(`${report(results)}\n`);
  const short = results.filter((result) => total(result.kills) < share || result.wipes < wipesEach);
  for (const { mode } of short) {
    process.stdout.write(
      `${mode}: the time was up before ${share} were killed and Redis lost its data ${wipesEach} times\n`,
    );
  }
  return short.length > 0 || results.some(({ breaches }) => breaches.length > 0) ? 1 : 0;
}

/** Refill as it ships, and beside it what is wrapped around it here, in a build of this run's own. */
function compile(): string {
  const root = packageRoot();
  const parent = join(root, 'var');
  mkdirSync(parent, { recursive: true });
  const build = mkdtempSync(join(parent, 'chaos-build-'));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(
    process.execPath,
    [tsc, '-p', join(root, 'test/chaos/tsconfig.json'), '--outDir', build],
    { encoding: 'utf8' },
  );
  if (status === 0) return build;
  rmSync(build, { recursive: true, force: true });
  throw new Error(`Refill could not be built:\n${stdout}`);
}

/** One line: rewritten in a terminal, now and then in a log. */
function showProgress(line: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${line}`);
  else if (Date.now() - lastShown > 20_000) {
    lastShown = Date.now();
    process.stdout.write(`${line}\n`);
  }
}
