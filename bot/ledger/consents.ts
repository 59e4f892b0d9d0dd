import { desc, eq, sql } from 'drizzle-orm';
import { NOTIFICATION_TYPES } from '../domain/notification.js';
import type { LedgerContext } from './context.js';
import type { Ledger } from './ledger.js';
import { consents } from './schema.js';

type Methods = 'setConsent' | 'consents' | 'askedForConsent';

const value = sql.placeholder;

/** What people agreed to hear about: a history that only grows. */
export function consentMethods({ db, clock }: LedgerContext): Pick<Ledger, Methods> {
  const newest = db
    .selectDistinctOn([consents.type], { type: consents.type, granted: consents.granted })
    .from(consents)
    .where(eq(consents.conversationId, value('conversationId')))
    .orderBy(consents.type, desc(consents.id))
    .prepare('consents');
  const any = db
    .select({ id: consents.id })
    .from(consents)
    .where(eq(consents.conversationId, value('conversationId')))
    .limit(1)
    .prepare('asked_for_consent');

  return {
    async setConsent(conversationId, types, granted, source) {
      if (types.length === 0) return;
      const at = sql<Date>`coalesce(${clock.stamp()}::timestamptz, now())`;
      await db.insert(consents).values(types.map((type) => ({ conversationId, type, granted, source, at })));
    },
    async consents(conversationId) {
      const rows = await newest.execute({ conversationId });
      const granted = rows.filter((row) => row.granted).map((row) => row.type);
      return new Set(NOTIFICATION_TYPES.filter((type) => granted.includes(type)));
    },
    async askedForConsent(conversationId) {
      return (await any.execute({ conversationId })).length > 0;
    },
  };
}
