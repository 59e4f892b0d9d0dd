import { type Sandbox, startSandbox } from '../../sandbox/index.js';
import { obeyOrders } from './helper.js';
import { type Charged, TELCO, type TelcoOrder } from './telco-terms.js';

let sandbox: Sandbox | undefined;

obeyOrders<TelcoOrder>(async (order) => {
  // It would charge an order that came twice twice, and lets a subscriber buy the same plan again at once.
  sandbox ??= await startSandbox({ ...TELCO, deduplicate: false, samePlanSeconds: 0 });
  switch (order.do) {
    case 'listen':
      return sandbox.url;
    case 'connect':
      return sandbox.connect({ baseUrl: order.refillUrl });
    case 'charges':
      return sandbox
        .charges()
        .map(({ subscriberId, transactionId }): Charged => ({ subscriber: subscriberId, transaction: transactionId }));
  }
});
