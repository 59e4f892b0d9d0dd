import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { withoutMarker } from '../chaos/inside/without-marker.js';
import { withPglite } from '../support/stores.js';
import { commands, settle } from './commands.js';
import { checkAtTheEnd } from './invariants.js';
import { modelLedger, type World } from './world.js';

/** `REFILL_MODEL_RUNS=10000` for the long run, `REFILL_MODEL_SEED` for other sequences. Half of them for each kind of telco. */
const RUNS = Number(process.env['REFILL_MODEL_RUNS'] || 500);
const SEED = Number(process.env['REFILL_MODEL_SEED'] || 20261121);
/** `REFILL_MODEL_SHRINK=1` looks for the shortest sequence that breaks the same promise, which takes its time. */
const SHRINK = process.env['REFILL_MODEL_SHRINK'] === '1';
const LONGEST = 24;
/** Far more than a sequence takes on a slow machine. */
const TIMEOUT_MS = 60_000 + RUNS * 1_500;

let store: Awaited<ReturnType<typeof withPglite>>;
beforeAll(async () => {
  store = await withPglite();
}, 60_000);
afterAll(() => store?.close());

type Open = ReturnType<typeof modelLedger>['open'];

/** One sequence after another, each in a world of its own that is then given its time. */
function sequences(open: Open, deduplicates: boolean, afterwards: (world: World) => void = () => undefined) {
  return fc.asyncProperty(fc.commands(commands, { maxCommands: LONGEST, size: 'max' }), async (sequence) => {
    const world = await open(deduplicates);
    await fc.asyncModelRun(() => ({ model: {}, real: world }), sequence);
    await settle(world);
    await checkAtTheEnd(world);
    afterwards(world);
  });
}

describe('a purchase, whatever happens in whatever order', () => {
  test.each([
    ['charges every order', false],
    ['charges an id once', true],
  ])(
    `is charged once or not at all, told once, and never forgotten, by a telco that %s (${RUNS / 2} sequences, seed ${SEED})`,
    async (_, deduplicates) => {
      const seen = { deaths: 0, charges: 0 };
      const property = sequences(modelLedger(store.database).open, deduplicates, ({ deaths, telco }) => {
        seen.deaths += deaths;
        seen.charges += telco.charges.length;
      });
      await fc.assert(property, { numRuns: RUNS / 2, seed: SEED, endOnFailure: !SHRINK });
      // Sequences in which nothing happens would prove nothing.
      expect(seen.deaths).toBeGreaterThan(RUNS / 20);
      expect(seen.charges).toBeGreaterThan(RUNS / 10);
    },
    TIMEOUT_MS,
  );
});

describe('the model can fail', () => {
  test('without the marker before the order it finds somebody who is charged twice', async () => {
    const { open } = modelLedger(store.database, withoutMarker);
    // The shortest sequence is of no interest here.
    const options = { numRuns: 500, seed: SEED, endOnFailure: true };
    const { failed, errorInstance } = await fc.check(sequences(open, false), options);
    expect(failed).toBe(true);
    expect(String(errorInstance)).toMatch(/(charged|posted) 2 times|its marker is gone/);
  }, 600_000);
});
