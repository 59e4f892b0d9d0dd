import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A script of this folder in a process of its own, so that what it costs is not what is measured. */
export interface Helper<Order> {
  /** One order at a time. Rejects with what went wrong there. */
  ask<Answer>(order: Order): Promise<Answer>;
  close(): Promise<void>;
}

interface Reply {
  readonly result?: unknown;
  readonly failure?: string;
}

/** Starts `script`, which takes its orders by `obeyOrders`. */
export function startHelper<Order extends { readonly do: string }>(script: string): Helper<Order> {
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), {
    execArgv: ['--import', 'tsx'],
    // Not this process' own variables: NODE_OPTIONS may be meant for a test runner.
    env: { PATH: process.env['PATH'] },
  });
  const ended = once(child, 'exit');
  return {
    async ask<Answer>(order: Order) {
      const answered = once(child, 'message');
      child.send(order);
      const gone = ended.then(([code]) => [{ failure: `it ended with ${code}` }]);
      const [{ result, failure }] = (await Promise.race([answered, gone])) as [Reply];
      if (failure !== undefined) throw new Error(`${script} failed (${order.do}): ${failure}`);
      return result as Answer;
    },
    async close() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

/** The other side: does what is ordered until whoever gives the orders is gone. */
export function obeyOrders<Order>(obey: (order: Order) => Promise<unknown>): void {
  process.on('message', (order: Order) => {
    obey(order).then(
      (result) => process.send?.({ result }),
      (error: unknown) => process.send?.({ failure: error instanceof Error ? error.message : String(error) }),
    );
  });
  process.on('disconnect', () => process.exit());
}
