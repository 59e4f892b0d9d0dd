import { and, desc, eq, gt, sql } from 'drizzle-orm';
import { NOTIFICATION_TYPES } from '../domain/notification.js';
import { type LedgerContext, nowPlus } from './context.js';
import type { Ledger } from './ledger.js';
import { consents } from './schema.js';

type Methods = 'setConsent' | 'optOut' | 'consents' | 'askedForConsent';

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

  const agreedSince = db
    .selectDistinct({ type: consents.type })
    .from(consents)
    .where(
      and(eq(consents.conversationId, value('conversationId')), consents.granted, gt(consents.at, nowPlus('ahead'))),
    )
    .prepare('agreed_since');
  /** Nothing was said in the future, whatever a platform's clock says. */
  const aheadOf = (saidAt: Date | undefined) => (saidAt === undefined ? 0 : Math.min(0, clock.ahead(saidAt)));

  const setConsent: Ledger['setConsent'] = async (conversationId, types, granted, source, saidAt) => {
    if (types.length === 0) return;
    const at = sql<Date>`(coalesce(${clock.stamp()}::timestamptz, now())
      + ${aheadOf(saidAt)}::float8 * interval '1 millisecond')`;
    await db.insert(consents).values(types.map((type) => ({ conversationId, type, granted, source, at })));
  };

  return {
    setConsent,
    async optOut(conversationId, types, source, saidAt) {
      const rows = await agreedSince.execute({ conversationId, ahead: aheadOf(saidAt), stamp: clock.stamp() });
      const stay = new Set(rows.map(({ type }) => type));
      const ended = types.filter((type) => !stay.has(type));
      await setConsent(conversationId, ended, false, source, saidAt);
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
