import type { Deliver, Inbox } from './channel.js';
import type { Core } from './core.js';
import { NOTIFICATION_TYPES } from './domain/notification.js';
import type { Logger } from './log.js';

/** What channels hand in: events to the mailbox, opt-outs to the ledger, the rest to those who watch. */
export function createInbox(
  { ledger, metrics }: Pick<Core, 'ledger' | 'metrics'>,
  log: Logger,
  deliver: Deliver,
): Inbox {
  return {
    deliver,
    optedOut: (conversationId, how) => ledger.setConsent(conversationId, NOTIFICATION_TYPES, false, how),
    delivery: ({ channel, state, code }) => metrics.deliveries.inc({ channel, state, code: code ?? '' }),
    alert(code, what) {
      metrics.alerts.inc({ code });
      log.error({ code }, what);
    },
  };
}
