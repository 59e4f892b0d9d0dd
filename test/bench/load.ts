import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Load, Order } from './driver.js';

/** The load driver, in a process of its own. */
export interface Driver {
  measure(order: Extract<Order, { do: 'closed' | 'paced' }>): Promise<Load>;
  tell(order: Extract<Order, { do: 'open' | 'visit' }>): Promise<void>;
  close(): Promise<void>;
}

export function startDriver(): Driver {
  const child = fork(fileURLToPath(new URL('driver.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] });
  const send = async (order: Order): Promise<Load | undefined> => {
    child.send(order);
    const [message] = (await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => [{ failure: `it ended with ${code}` }]),
    ])) as [{ result?: Load; failure?: string }];
    if (message.failure !== undefined) throw new Error(`the load driver failed (${order.do}): ${message.failure}`);
    return message.result;
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
      const ended = once(child, 'exit');
      await send({ do: 'close' }).catch(() => undefined);
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
