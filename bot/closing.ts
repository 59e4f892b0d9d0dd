import type { Logger } from './log.js';

/** A supervisor kills after about that long. */
const STOP_WITHIN_MS = 30_000;

interface Step {
  readonly name: string;
  readonly close: () => Promise<unknown>;
}

/**
 * What was opened, closed once, with a limit on the whole: first, all at once, whatever takes new work, so that what is slow to
 * stop leaves the rest nothing to begin; then what that stood on, in reverse order.
 */
export class Closing {
  private readonly takers: Step[] = [];
  private readonly steps: Step[] = [];
  private done: Promise<void> | undefined;

  constructor(
    private readonly log: Pick<Logger, 'warn'>,
    private readonly withinMs = STOP_WITHIN_MS,
  ) {}

  add(name: string, close: () => Promise<unknown>): void {
    this.steps.push({ name, close });
  }

  /** For what takes new work. `close` takes no more of it from the moment it is called, and resolves when what was begun is done. */
  addTaker(name: string, close: () => Promise<unknown>): void {
    this.takers.push({ name, close });
  }

  run(): Promise<void> {
    this.done ??= this.all();
    return this.done;
  }

  private async all(): Promise<void> {
    const giveUpAt = performance.now() + this.withinMs;
    await Promise.all(this.takers.map((taker) => this.end(taker, giveUpAt)));
    for (const step of this.steps.toReversed()) await this.end(step, giveUpAt);
  }

  private async end({ name, close }: Step, giveUpAt: number): Promise<void> {
    const left = Math.max(100, giveUpAt - performance.now());
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, left, 'late');
    });
    const outcome = await Promise.race([close().catch((error: unknown) => error), late]);
    clearTimeout(timer);
    if (outcome === 'late') this.log.warn({ part: name }, 'did not stop in time');
    else if (outcome instanceof Error) this.log.warn({ err: outcome, part: name }, 'did not stop cleanly');
  }
}
