import type { Ack } from './ack-driver.js';
import { moneyTables } from './money-report.js';
import type { NoOp } from './noop.js';
import type { Outage } from './outages.js';
import type { Profile } from './profile.js';
import type { Purchases } from './purchases.js';
import type { Settings } from './settings.js';
import type { Start } from './starts.js';
import { layOut, ms, percent, type Row, signed, verdict, whole } from './tables.js';
import type { Stretch, Turns } from './turns.js';

/** Everything that was measured, as it is written to the JSON file; what was not asked for is absent. */
export interface Results {
  /** ISO 8601. */
  readonly at: string;
  readonly machine: { readonly node: string; readonly processors: number; readonly model: string };
  readonly settings: Omit<Settings, 'parts'> & { readonly parts: readonly string[] };
  /** Before and after everything else. */
  readonly noOp?: readonly [NoOp, NoOp];
  readonly starts?: readonly Start[];
  readonly acks?: readonly Ack[];
  readonly outages?: readonly Outage[];
  readonly purchases?: readonly Purchases[];
  readonly turns?: Turns;
}

/** True when anything was lost, wrong, refused or paid twice: then no figure counts. */
export function wentWrong({ turns, purchases = [] }: Results): boolean {
  const stretches = turns === undefined ? [] : [turns.few, turns.half, turns.many];
  return (
    stretches.some(({ lost, wrong, refused }) => lost + wrong + refused > 0) ||
    purchases.some(({ books }) => books.lost + books.double + books.failed > 0)
  );
}

/** The results as text for a terminal. */
export function table(results: Results): string {
  const { machine, at, noOp, turns, starts = [], acks = [] } = results;
  const rows = [
    ...(turns && noOp ? speedRows(noOp, turns) : []),
    ...startRows(starts),
    ...(turns ? sizeRows(turns) : []),
  ];
  const ackTitle = '\nHow soon a webhook is answered at half load (the aim: p99 ≤ 50 ms)';
  return [
    `\nRefill, ${at}, Node ${machine.node}, ${machine.processors} × ${machine.model}\n`,
    ...(rows.length > 0 ? [layOut([['', 'measured', 'aim'], ...rows])] : []),
    ...(acks.length > 0 ? [ackTitle, layOut([['', 'p50 and p99', 'webhooks/s'], ...acks.map(ackRow)])] : []),
    ...moneyTables(results),
    ...(turns
      ? [
          '\nWhere the time of a turn goes, mean ms',
          layOut([['', 'at the limit', 'at half'], ...stageRows(turns.few, turns.half)]),
        ]
      : []),
    '',
  ].join('\n');
}

function speedRows(noOp: readonly [NoOp, NoOp], { few, half, many }: Turns): Row[] {
  const baseline = (noOp[0].perSecond + noOp[1].perSecond) / 2;
  const msPerJob = (noOp[0].msPerJob + noOp[1].msPerJob) / 2;
  const share = few.perSecond / baseline;
  const change = many.perSecond / few.perSecond - 1;
  const cost = many.refillMsPerTurn / few.refillMsPerTurn - 1;
  const unanswered = [few, half, many].reduce((sum, { lost, wrong, refused }) => sum + lost + wrong + refused, 0);
  return [
    ['plain BullMQ, no-op jobs/s, before and after', noOp.map(({ perSecond }) => whole(perSecond)).join(' and ')],
    ['  off a queue that was full', noOp.map(({ drainedPerSecond }) => whole(drainedPerSecond)).join(' and ')],
    ['balance turns/s', whole(few.perSecond)],
    ['  share of the no-op figure', percent(share), verdict('≥ 10 %', share >= 0.1)],
    [
      '  the same by processor time',
      `${percent(msPerJob / few.refillMsPerTurn)} (${ms(msPerJob)} ms a job, ${ms(few.refillMsPerTurn)} ms a turn)`,
    ],
    ['  p50 and p99 at the limit', `${ms(few.p50)} and ${ms(few.p99)} ms`],
    [`p50 and p99 at ${whole(half.perSecond)} turns/s`, `${ms(half.p50)} and ${ms(half.p99)} ms`],
    ['lost, wrong or refused', whole(unanswered), verdict('0', unanswered === 0)],
    ['balance turns/s among all conversations', `${whole(many.perSecond)} (${signed(change)})`],
    // The machine may be another one minutes later; the work a turn takes is not.
    [
      '  processor time',
      `${ms(many.refillMsPerTurn)} ms a turn (${signed(cost)})`,
      verdict('± 15 %', Math.abs(cost) <= 0.15),
    ],
  ];
}

function startRows(starts: readonly Start[]): Row[] {
  return starts.map(({ store, which, readyMs, rss }) => {
    const [seconds, megabytes] = [which === 'first' ? 6 : 3, store === 'pglite' ? 350 : 200];
    const met = readyMs <= seconds * 1000 && rss <= megabytes * 1e6;
    const measured = `ready in ${(readyMs / 1000).toFixed(2)} s, ${whole(rss / 1e6)} MB idle`;
    return [`${which} start, ${store}`, measured, verdict(`≤ ${seconds} s, ≤ ${megabytes} MB`, met)];
  });
}

/** A conversation counts as idle once its screen log has gone, an hour after the last word. */
function sizeRows({ silence }: Turns): Row[] {
  const { conversations, realTurns, realBytes, firstTurnsPerSecond, ages } = silence;
  return [
    [`first turns/s (${whole(realTurns)} new subscribers)`, whole(firstTurnsPerSecond)],
    ['  Redis bytes each right after', whole(realBytes)],
    [`Redis bytes per conversation of ${whole(conversations)}`, ''],
    ...ages.map(({ after, bytes, gone }, index): Row => {
      const aim = index === 1 ? verdict('≤ 1,536', bytes <= 1_536) : '';
      return [
        `  after ${after}`.replace('after at', 'at'),
        `${whole(bytes)}${gone.length > 0 ? ` (gone: ${gone.join(', ')})` : ''}`,
        aim,
      ];
    }),
  ];
}

function stageRows(few: Stretch, half: Stretch): Row[] {
  const timed = few.stages.map(
    ({ name, meanMs }, index): Row => [name, ms(meanMs), ms(half.stages[index]?.meanMs ?? Number.NaN)],
  );
  return [
    ...timed,
    ['processor: Refill and its sandbox', ms(few.refillMsPerTurn), ms(half.refillMsPerTurn)],
    ['processor: Redis', ms(few.redisMsPerTurn), ms(half.redisMsPerTurn)],
    ['processor: the load driver', ms(few.driverMsPerTurn), ms(half.driverMsPerTurn)],
  ];
}

function ackRow({ channel, p50, p99, perSecond, limitPerSecond, refused, lost }: Ack): Row {
  const load = `${whole(perSecond)} of ${whole(limitPerSecond)}`;
  const trouble = refused + lost > 0 ? `; ${whole(refused)} refused, ${whole(lost)} lost` : '';
  return [channel, `${ms(p50)} and ${ms(p99)} ms`, `${load}${trouble}`];
}

/** Where processor time goes, as text for a terminal. */
export function profileTable({ byPart, byFunction }: Profile): string {
  const rows = (costs: Profile['byPart'], count: number) =>
    costs.slice(0, count).map(({ name, share }) => `${percent(share).padStart(8)}  ${name}`);
  return [
    '',
    'by file of ours or package, with what Node did for it',
    ...rows(byPart, 25),
    '',
    'by function',
    ...rows(byFunction, 40),
    '',
  ].join('\n');
}
