import type { Inbox } from './channel.js';
import type { Core } from './core.js';
import type { DeliveryLog } from './deliveries.js';
import { listedAs } from './domain/chat-user.js';
import { NOTIFICATION_TYPES } from './domain/notification.js';
import type { Logger } from './log.js';

/** What channels report beside events: opt-outs and what became of messages go to the ledger, the rest to those who watch. */
export function createWatch(
  { ledger, metrics }: Pick<Core, 'ledger' | 'metrics'>,
  deliveries: DeliveryLog,
  log: Logger,
): Omit<Inbox, 'deliver'> {
  return {
    async optedOut(conversationId, how, saidAt) {
      const said = saidAt === undefined ? undefined : new Date(saidAt);
      await ledger.setConsent(conversationId, NOTIFICATION_TYPES, false, how, said);
      await ledger.promise('registration', conversationId, conversationId);
    },
    async workspaceLeft(channel, workspace, how) {
      await ledger.optOutWorkspace(channel, workspace, NOTIFICATION_TYPES, how);
    },
    async movedAway(user) {
      const listed = listedAs(user);
      for (const name of listed === undefined ? [user] : [user, listed])
        await ledger.blockUser(name, 'number-change', `${user.channel}:moved`);
    },
    delivery({ id, ...report }) {
      const { channel, state, code = '' } = report;
      metrics.deliveries.inc({ channel, state, code });
      if (id !== undefined) deliveries.record({ id, ...report });
    },
    alert(code, what) {
      metrics.alerts.inc({ code });
      log.error({ code }, what);
    },
  };
}
