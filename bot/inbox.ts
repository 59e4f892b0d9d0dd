import type { Inbox } from './channel.js';
import type { Core } from './core.js';
import { NOTIFICATION_TYPES } from './domain/notification.js';
import type { Logger } from './log.js';

/** What channels report beside events: opt-outs go to the ledger, the rest to those who watch. */
export function createWatch(
  { ledger, metrics }: Pick<Core, 'ledger' | 'metrics'>,
  log: Logger,
): Pick<Inbox, 'optedOut' | 'delivery' | 'alert'> {
  return {
    async optedOut(conversationId, how) {
      await ledger.setConsent(conversationId, NOTIFICATION_TYPES, false, how);
      await ledger.promise('registration', conversationId, conversationId);
    },
    delivery: ({ channel, state, code }) => metrics.deliveries.inc({ channel, state, code: code ?? '' }),
    alert(code, what) {
      metrics.alerts.inc({ code });
      log.error({ code }, what);
    },
  };
}
