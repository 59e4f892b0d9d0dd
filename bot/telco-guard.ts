import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
  type IBreaker,
  SamplingBreaker,
} from 'cockatiel';
import type { Pauses } from './pauses.js';
import { type Lane, type Telco, TelcoAmbiguous, type TelcoCall, TelcoUnreachable } from './telco.js';

export interface GuardOptions {
  /** What Retry-After asked for, by the telco's name. */
  readonly pauses: Pauses;
  /** A circuit opened (the telco is not called) or closed again. Must not throw. */
  readonly onCircuit?: (circuit: Circuit, open: boolean) => void;
  /** How long an open circuit stays open before one call may try, in ms. Default 5,000. */
  readonly restMs?: number;
  /** Reads under way at once, by lane. */
  readonly lanes?: Partial<Readonly<Record<Lane, number>>>;
}

/**
 * What fails apart. Buying needs `reads` (what subscribers and orders ask) and `orders`: a selling API that breaks must not turn
 * order after order into one nobody knows of. Reads in the background, registrations and requests for a top-up break by
 * themselves: nobody's purchase waits for them, and looking for lost orders does not wait for registrations.
 */
export type Circuit = 'reads' | 'orders' | 'background' | 'registrations' | 'top-ups';

/** Together the connections an adapter keeps for reads, so that no lane can use up another's. */
const LANES: Readonly<Record<Lane, number>> = { order: 24, turn: 88, background: 16 };
/** Callers that may wait in a lane; whoever comes after them is told at once that it is full. */
const WAITING: Readonly<Record<Lane, number>> = { order: 200, turn: 500, background: 16 };
/** As adapters have it, for calls that name none. */
const DEADLINE_MS = 10_000;

/** A lane is full, or a call waited its whole time in it: says something about us, and nothing about the telco. */
class LaneFull extends TelcoUnreachable {}

/**
 * A telco that is left alone when it does not answer. Each kind of call has a circuit: five failures in a row, or more than half of the
 * calls of ten seconds, open it, and then calls fail at once with `TelcoUnreachable`, nothing sent, until one may try again.
 * Reads have lanes, so that whatever waits for nudges never keeps a subscriber or an order waiting.
 */
export function guardTelco(telco: Telco, options: GuardOptions): Telco {
  const { pauses, onCircuit, restMs = 5_000 } = options;
  const open = (circuit: Circuit) => new Guard(restMs, (isOpen) => onCircuit?.(circuit, isOpen));
  const [reads, orders, background] = [open('reads'), open('orders'), open('background')];
  const [registrations, topUps] = [open('registrations'), open('top-ups')];
  const lanes = createLanes({ ...LANES, ...options.lanes });
  const read = <T>(call: TelcoCall | undefined, ask: (call: TelcoCall) => Promise<T>) =>
    lanes(call?.lane ?? 'turn', call, (timed) => {
      // An order's look at the balance is in a hurry: that it gave up says nothing about the telco. As the one that tries whether
      // the telco is back it has the time of any other.
      if (timed.lane === 'order' && reads.isClosed()) return ask(timed);
      if (timed.lane === 'order') return reads.run(() => ask({ ...timed, deadlineMs: DEADLINE_MS }));
      return (timed.lane === 'background' ? background : reads).run(() => ask(timed));
    });
  const { register, requestTopUp, findPurchase } = telco;
  return {
    name: telco.name,
    deduplicatesPurchases: telco.deduplicatesPurchases,
    restMs: () => Math.ceil(Math.max(pauses.left(telco.name), reads.restMs(), orders.restMs(), telco.restMs?.() ?? 0)),
    account: (subscriber, call) => read(call, (timed) => telco.account(subscriber, timed)),
    balance: (subscriber, call) => read(call, (timed) => telco.balance(subscriber, timed)),
    offers: (subscriber, call) => read(call, (timed) => telco.offers(subscriber, timed)),
    purchase: (subscriber, order, call) => orders.run(() => telco.purchase(subscriber, order, call)),
    ...(register && {
      register: (subscriber, types, call) =>
        lanes(call?.lane ?? 'background', call, (timed) =>
          registrations.run(() => register.call(telco, subscriber, types, timed)),
        ),
    }),
    // Done twice it asks somebody twice: never repeated, like an order, and no order waits for it.
    ...(requestTopUp && {
      requestTopUp: (subscriber, request, call) =>
        topUps.run(() => requestTopUp.call(telco, subscriber, request, call)),
    }),
    ...(findPurchase && {
      findPurchase: (subscriber, id, call) => read(call, (timed) => findPurchase.call(telco, subscriber, id, timed)),
    }),
    close: () => telco.close(),
  } satisfies Telco;
}

/** A refusal is an answer. What did not answer, or answered with nonsense, is trouble. */
function isTrouble(error: unknown): boolean {
  return error instanceof TelcoUnreachable || error instanceof TelcoAmbiguous;
}

/** One circuit. */
class Guard {
  private readonly policy: CircuitBreakerPolicy;
  private openUntil = 0;

  constructor(restMs: number, onChange: (isOpen: boolean) => void) {
    this.policy = circuitBreaker(handleWhen(isTrouble), { halfOpenAfter: restMs, breaker: new EitherBreaker() });
    this.policy.onBreak(() => {
      this.openUntil = Date.now() + restMs;
      onChange(true);
    });
    this.policy.onReset(() => {
      this.openUntil = 0;
      onChange(false);
    });
  }

  /** Until a call may go through, or try to. */
  restMs(): number {
    if (this.policy.state === CircuitState.HalfOpen) return 1_000;
    return Math.max(0, this.openUntil - Date.now());
  }

  isClosed(): boolean {
    return this.policy.state === CircuitState.Closed;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    // One call tries; the others do not wait for it, for each has a deadline of its own.
    if (this.policy.state === CircuitState.HalfOpen) throw notCalled();
    try {
      return await this.policy.execute(work);
    } catch (error) {
      throw error instanceof BrokenCircuitError ? notCalled(error) : error;
    }
  }
}

function notCalled(cause?: unknown): TelcoUnreachable {
  return new TelcoUnreachable('not called: the telco does not answer', { cause });
}

/** Few calls fail in a row, of many more than half do. */
class EitherBreaker implements IBreaker {
  private readonly parts = [
    new ConsecutiveBreaker(5),
    new SamplingBreaker({ threshold: 0.5, duration: 10_000, minimumRps: 2 }),
  ] as const;

  get state(): unknown {
    return this.parts.map(({ state }) => state);
  }

  set state(saved: unknown) {
    const [row, share] = saved as [number, unknown];
    this.parts[0].state = row;
    this.parts[1].state = share;
  }

  success(state: CircuitState): void {
    this.parts[0].success();
    this.parts[1].success(state);
  }

  failure(state: CircuitState): boolean {
    return [this.parts[0].failure(), this.parts[1].failure(state)].some((opens) => opens);
  }
}

/** Runs a call in its lane; the time it waits there is taken from its deadline. */
function createLanes(limits: Readonly<Record<Lane, number>>) {
  const lanes = {
    order: bulkhead(limits.order, WAITING.order),
    turn: bulkhead(limits.turn, WAITING.turn),
    background: bulkhead(limits.background, WAITING.background),
  };
  return async <T>(lane: Lane, call: TelcoCall | undefined, ask: (call: TelcoCall) => Promise<T>): Promise<T> => {
    const giveUpAt = performance.now() + (call?.deadlineMs ?? DEADLINE_MS);
    const run = lanes[lane].execute(() => {
      const deadlineMs = giveUpAt - performance.now();
      if (deadlineMs <= 0) throw new LaneFull('the call waited its whole time for its turn');
      return ask({ ...call, deadlineMs });
    });
    try {
      return await run;
    } catch (error) {
      throw error instanceof BulkheadRejectedError ? new LaneFull(`too many calls at once (${lane})`) : error;
    }
  };
}
