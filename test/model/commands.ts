import fc from 'fast-check';
import { button } from '../flows/shop.js';
import { checkAlways } from './invariants.js';
import { MANNERS } from './telco.js';
import type { Phone, World } from './world.js';

/** Nothing has to be remembered beside the world: what must hold is asked of it after every command. */
type Nothing = Record<string, never>;

class Command implements fc.AsyncCommand<Nothing, World> {
  constructor(
    private readonly what: string,
    private readonly act: (world: World) => Promise<unknown> | unknown,
  ) {}

  check(): boolean {
    return true;
  }

  async run(_: Nothing, world: World): Promise<void> {
    await this.act(world);
    await checkAlways(world);
  }

  toString(): string {
    return this.what;
  }
}

const phone = fc.constantFrom<Phone>('a', 'b');
const SAYINGS = ['cancel', 'balance', 'my purchases', 'offers', '1', '2'] as const;
const UNCLEAR = ['INTERNAL_ERROR', 'TIMEOUT', 'NOBODY_KNOWS_THIS'] as const;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const JUMPS = [SECOND, 15 * SECOND, 70 * SECOND, 3 * MINUTE, 16 * MINUTE, 31 * MINUTE] as const;

/** To the priced confirmation of a plan, as far as it goes: a process may die on the way. */
async function shop(world: World, on: Phone, plan: string): Promise<void> {
  for (const next of [() => ({ text: 'offers' }), pressOf(plan), pressOf(/^Buy for/)]) {
    const what = next(world, on);
    if (what === undefined) return;
    world.arrive(on, what);
    await world.workAll();
  }
}

const pressOf = (label: string | RegExp) => (world: World, on: Phone) => {
  try {
    return { press: button(world.newest[on], typeof label === 'string' ? new RegExp(label) : label) };
  } catch {
    return undefined;
  }
};

function press(world: World, on: Phone, from: Phone, back: number): void {
  const token = world.confirmations[from].at(-1 - back);
  if (token === undefined) return;
  world.pressed.add(token);
  world.arrive(on, { press: token });
}

/** A number may be the priced confirmation's, if that is the newest message by the time it is heard. */
function say(world: World, on: Phone, text: string): void {
  if (/^\d$/.test(text)) world.pressed.add(`${text}, number ${world.pressed.size}`);
  world.arrive(on, { text });
}

async function callBack(world: World, index: number, copies: number): Promise<void> {
  const { callbacks } = world.telco;
  const at = index % Math.max(1, callbacks.length);
  const callback = callbacks[at];
  if (callback === undefined) return;
  const answers = await Promise.all(Array.from({ length: copies }, () => world.callBack(callback)));
  // One that nobody answered, or that came twice, may come again.
  if (copies === 1 && answers[0] !== undefined) callbacks.splice(at, 1);
}

/** Of a purchase that ended: the opposite of what it ended with. Of one that did not: a word that says nothing. */
async function confuse(world: World, failure: string): Promise<void> {
  const rows = await checkAlways(world);
  const newest = rows.at(-1);
  if (newest === undefined) return;
  const opposite = newest.state === 'failed' ? {} : { failure: 'USER_BARRED' };
  const ended = newest.state === 'completed' || newest.state === 'failed';
  await world.callBack({ transactionId: newest.id, ...(ended ? opposite : { failure }) });
}

async function callBackForAnother(world: World): Promise<void> {
  const newest = (await checkAlways(world)).at(-1);
  if (newest !== undefined) await world.callBack({ transactionId: newest.id }, '60199999999');
}

const named = (what: string, act: ConstructorParameters<typeof Command>[1]) => new Command(what, act);

const buy = fc.tuple(phone, fc.constantFrom('day', 'week'), fc.constantFrom(...MANNERS)).map(([on, plan, manner]) =>
  named(`buy ${plan} on ${on}, the telco ${manner}`, async (world) => {
    await shop(world, on, plan);
    world.telco.willDo(manner);
    press(world, on, on, 0);
  }),
);
const work = fc.constant(named('work until nothing is left', (world) => world.workAll()));
const workABit = fc.integer({ min: 1, max: 6 }).map((steps) =>
  named(`work ${steps}`, async (world) => {
    for (let step = 0; step < steps; step++) await world.workOnce();
  }),
);
const die = fc
  .record({ call: fc.integer({ min: 1, max: 14 }), when: fc.constantFrom('before', 'after') })
  .map((death) => named(`die ${death.when} call ${death.call}`, (world) => world.dieNext(death)));
const callback = fc
  .tuple(fc.nat(5), fc.integer({ min: 1, max: 3 }))
  .map(([index, copies]) => named(`callback ${index} ×${copies}`, (world) => callBack(world, index, copies)));
const jump = fc.constantFrom(...JUMPS).map((ms) => named(`${ms / SECOND} s pass`, (world) => world.pass(ms)));

/** Where it hurts most. */
const PLACES = ['telco.purchase', 'openPurchase', 'movePurchase', 'send', 'finishOutbox'] as const;
const dieThere = fc
  .record({ call: fc.constant(1), of: fc.constantFrom(...PLACES), when: fc.constantFrom('before', 'after') })
  .map((death) => named(`die ${death.when} ${death.of}`, (world) => world.dieNext(death)));

/** Everything that can happen to a purchase, and to Refill meanwhile; what stands twice comes up twice as often. */
export const commands: fc.Arbitrary<Command>[] = [
  ...[buy, buy, buy, buy],
  ...[work, work, work, workABit],
  ...[callback, callback],
  ...[die, dieThere, dieThere],
  jump,
  fc
    .tuple(phone, fc.nat(2))
    .map(([on, back]) => named(`tap again on ${on} (${back})`, (world) => press(world, on, on, back))),
  fc
    .tuple(phone, phone)
    .map(([on, from]) => named(`tap on ${on} what ${from} saw`, (world) => press(world, on, from, 0))),
  fc
    .tuple(phone, fc.constantFrom(...SAYINGS))
    .map(([on, text]) => named(`say ${text} on ${on}`, (world) => say(world, on, text))),
  fc.nat(5).map((back) => named(`redelivery (${back})`, (world) => world.arriveAgain(back))),
  fc
    .constantFrom(...UNCLEAR)
    .map((failure) => named(`callback ${failure} or a contradiction`, (world) => confuse(world, failure))),
  fc.constant(named('callback for another subscriber', callBackForAnother)),
  fc.constant(named('sweep', (world) => world.sweep())),
  fc.constant(named('reconcile', (world) => world.reconcile())),
  fc.constant(named('Redis loses everything', (world) => world.wipe())),
  fc.constantFrom(...MANNERS).map((manner) => named(`the telco ${manner} next`, (world) => world.telco.willDo(manner))),
];

/** Time passes and nothing else happens: whatever is owed has its time to arrive. */
export async function settle(world: World): Promise<void> {
  world.dieNext(undefined);
  for (const ms of [
    0,
    11 * SECOND,
    61 * SECOND,
    3 * MINUTE,
    16 * MINUTE,
    5 * MINUTE,
    31 * MINUTE,
    MINUTE,
    10 * MINUTE,
  ]) {
    world.pass(ms);
    await world.sweep();
    await world.reconcile();
    await world.workAll();
  }
}
