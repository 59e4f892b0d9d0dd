import type { Logger } from './log.js';

/** A supervisor kills after about that long. */
const STOP_WITHIN_MS = 30_000;

/** What was opened, closed in reverse order, once, with a limit on the whole. */
export class Closing {
  private readonly steps: { readonly name: string; readonly close: () => Promise<unknown> }[] = [];
  private done: Promise<void> | undefined;

  constructor(
    private readonly log: Pick<Logger, 'warn'>,
    private readonly withinMs = STOP_WITHIN_MS,
  ) {}

  add(name: string, close: () => Promise<unknown>): void {
    this.steps.push({ name, close });
  }

  run(): Promise<void> {
    this.done ??= this.all();
    return this.done;
  }

  private async all(): Promise<void> {
    const giveUpAt = performance.now() + this.withinMs;
    for (const { name, close } of this.steps.toReversed()) {
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
}
