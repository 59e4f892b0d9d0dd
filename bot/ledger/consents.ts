import { and, desc, eq, gt, sql } from 'drizzle-orm';
import { NOTIFICATION_TYPES } from '../domain/notification.js';
import { type LedgerContext, nowPlus } from './context.js';
import type { Ledger } from './ledger.js';
import { consents } from './schema.js';

type Methods = 'setConsent' | 'consents' | 'askedForConsent';

const value = sql.placeholder;

/** What is younger counts as said now: platforms tell whole seconds, and two of them have two clocks. */
const LATE_MS = 60_000;

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

  const contrarySince = db
    .selectDistinct({ type: consents.type })
    .from(consents)
    .where(
      and(
        eq(consents.conversationId, value('conversationId')),
        sql`${consents.granted} <> ${value('granted')}::boolean`,
        gt(consents.at, nowPlus('ahead')),
      ),
    )
    .prepare('contrary_since');
  /** How late something comes, in ms, negative; 0 for what comes in time, or says that it comes from the future. */
  const lateness = (saidAt: Date | undefined) => {
    const ahead = saidAt === undefined ? 0 : clock.ahead(saidAt);
    return ahead < -LATE_MS ? ahead : 0;
  };

  return {
    async setConsent(conversationId, types, granted, source, saidAt) {
      const ahead = lateness(saidAt);
      const stamp = clock.stamp();
      const overruled = ahead === 0 ? [] : await contrarySince.execute({ conversationId, granted, ahead, stamp });
      const left = types.filter((type) => !overruled.some((row) => row.type === type));
      if (left.length === 0) return;
      const at = sql<Date>`(coalesce(${stamp}::timestamptz, now()) + ${ahead}::float8 * interval '1 millisecond')`;
      await db.insert(consents).values(left.map((type) => ({ conversationId, type, granted, source, at })));
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
