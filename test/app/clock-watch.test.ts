import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { type ClockWatch, type ClockWatchOptions, startClockWatch } from '../../bot/clock-watch.js';
import { LedgerUnavailable } from '../../bot/ledger/index.js';
import { createLog } from '../../bot/log.js';
import { createMetrics } from '../../bot/metrics.js';
import { startTestApp } from '../support/app.js';
import { NO_POSTGRES, postgresServer, silent } from '../support/stores.js';
import { until } from '../workers/workplace.js';

const here = (await postgresServer()) !== undefined;
const onServer = here ? test.each(['web', 'worker']) : test.skip.each(['web', 'worker']);

describe('the clock of a machine', () => {
  let watch: ClockWatch | undefined;
  afterEach(() => watch?.close());

  function watched(clockAheadMs: () => Promise<number>, change: Partial<ClockWatchOptions> = {}) {
    const alerts: string[] = [];
    const alert = (code: string, what: string) => void alerts.push(`${code}: ${what}`);
    const metrics = createMetrics();
    watch = startClockWatch({ ledger: { clockAheadMs }, metrics, log: silent, alert, everyMs: 2 ** 31 - 1, ...change });
    const gauge = async () => (await metrics.clockAhead.get()).values[0]?.value;
    return { alerts, gauge, check: watch.check };
  }

  test('that is off is called for, once until it was right again', async () => {
    let ahead = 0;
    const { alerts, gauge, check } = watched(async () => ahead);
    for (ahead of [0, -600_000, -601_000, 59_000, 600_000]) await check();
    expect(alerts).toEqual([
      "CLOCK_OFF: this machine's clock is 600 s behind the database's",
      "CLOCK_OFF: this machine's clock is 600 s ahead of the database's",
    ]);
    expect(await gauge()).toBe(600);
  });

  test('is looked at by itself, again after the database was away, and no more once that is closed', async () => {
    let looks = 0;
    const { alerts } = watched(
      async () => {
        looks += 1;
        if (looks < 3) throw new LedgerUnavailable('the ledger is away');
        return 90_000;
      },
      { everyMs: 5 },
    );
    await until(async () => looks > 5);
    expect(alerts).toHaveLength(1);
    await watch?.close();
    const after = looks;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(looks).toBe(after);
  });

  onServer(
    `is watched where the role is %s${here ? '' : ` (${NO_POSTGRES})`}`,
    async (REFILL_ROLE) => {
      const right = Date.now;
      const clock = jest.spyOn(Date, 'now').mockImplementation(() => right() + 600_000);
      const logged: string[] = [];
      const log = createLog('info', { write: (line) => void logged.push(line) });
      const app = await startTestApp({ REFILL_ROLE, REFILL_STORES: 'postgres' }, log);
      try {
        await until(async () => logged.some((line) => line.includes('CLOCK_OFF')));
        const metrics = await (await fetch(`${app.url}/metrics`)).text();
        expect(Number(/^refill_clock_ahead_seconds (\S+)$/m.exec(metrics)?.[1])).toBeCloseTo(600, -1);
      } finally {
        clock.mockRestore();
        await app.close();
      }
    },
    60_000,
  );
});
