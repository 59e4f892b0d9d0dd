import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Load, Order } from './driver.js';

/** The load driver, in a process of its own. One order at a time. */
export interface Driver {
  measure(order: Extract<Order, { do: 'closed' | 'paced' }>): Promise<Load>;
  tell(order: Extract<Order, { do: 'open' | 'visit' }>): Promise<void>;
  close(): Promise<void>;
}

/** What the driver answers to an order. */
interface Answer {
  readonly result?: Load;
  readonly failure?: string;
}

export function startDriver(): Driver {
  const child = fork(fileURLToPath(new URL('driver.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] });
  const ended = once(child, 'exit');
  let answer: (answer: Answer) => void = () => undefined;
  child.on('message', (message: Answer) => answer(message));
  child.once('exit', (code) => answer({ failure: `it ended with ${code}` }));

  const send = async (order: Order): Promise<Load | undefined> => {
    const answered = new Promise<Answer>((resolve) => {
      answer = resolve;
    });
    child.send(order);
    const { result, failure } = await answered;
    if (failure !== undefined) throw new Error(`the load driver failed (${order.do}): ${failure}`);
    return result;
  };
  return {
    async measure(order) {
      const load = await send(order);
      if (load === undefined) throw new Error('the load driver measured nothing');
      return load;
    },
    async tell(order) {
      await send(order);
    },
    async close() {
      if (child.connected) await send({ do: 'close' }).catch(() => undefined);
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
