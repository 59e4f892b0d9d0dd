import { eq, getTableColumns, sql } from 'drizzle-orm';
import type { SubscriberKey } from '../domain/subscriber.js';
import type { LedgerContext } from './context.js';
import type { Ledger } from './ledger.js';
import type { Purchase } from './purchase-types.js';
import { lines } from './schema.js';
import { lineTokens } from './schema-identity.js';

type Row = typeof lines.$inferSelect;

const value = sql.placeholder;

/** A fingerprint of one purchase's own: two of them do not show that they were for the same subscriber. */
export function confirmedForRef(vault: LedgerContext['vault'], purchaseId: string, { type, value }: SubscriberKey) {
  return vault.reference('confirmed-for', purchaseId, type, value);
}

/** For whom a purchase was confirmed, compared with whom a line is now and with whom a telco names. */
export function buyerMethods({ db, vault }: LedgerContext): Pick<Ledger, 'isConfirmedFor' | 'namesBuyer'> {
  const byId = db
    .select()
    .from(lines)
    .where(eq(lines.id, value('id')))
    .prepare('buyers_line');
  const byKey = db
    .select()
    .from(lines)
    .where(eq(lines.keyRef, value('ref')))
    .prepare('named_line');
  const byToken = db
    .select(getTableColumns(lines))
    .from(lineTokens)
    .innerJoin(lines, eq(lines.id, lineTokens.lineId))
    .where(eq(lineTokens.ref, value('ref')))
    .prepare('named_line_by_token');

  const wasFor = ({ id, confirmedForRef: kept }: Pick<Purchase, 'id' | 'confirmedForRef'>, key: SubscriberKey) =>
    kept === undefined ? undefined : kept === confirmedForRef(vault, id, key);
  /** A purchase from before this was kept: a number stays a line's for good, and of a CPID nobody can say. */
  const isFor = (purchase: Pick<Purchase, 'id' | 'confirmedForRef'>, key: SubscriberKey) =>
    wasFor(purchase, key) ?? key.type !== 'CPID';
  const keyOf = ({ keyType, keySealed }: Row): SubscriberKey => ({ type: keyType, value: vault.open(keySealed) });

  return {
    isConfirmedFor: async (purchase, { key }) => isFor(purchase, key),
    async namesBuyer(purchase, key) {
      const [line] = await byId.execute({ id: purchase.lineId });
      if (line === undefined) return 'no';
      const ref = vault.reference('line', line.operator, key.type, key.value);
      if (line.keyRef === ref || wasFor(purchase, key) === true) return 'yes';
      const [named] = key.type === 'CPID' ? await byToken.execute({ ref }) : await byKey.execute({ ref });
      if (named?.id === line.id) return 'yes';
      // What is known of a SIM is known of the token its line has now, not of one it had before.
      const ours = isFor(purchase, keyOf(line)) ? numberOf(line) : undefined;
      const theirs = key.type === 'MSISDN' ? ref : named && keyOf(named).value === key.value && numberOf(named);
      if (ours && theirs) return ours === theirs ? 'yes' : 'no';
      return line.keyType === key.type ? 'no' : 'unknown';
    },
  };
}

/** Fingerprint of a line's number, where it is known (same-sim.ts). */
function numberOf({ keyType, keyRef, simNamed, simRef }: Row): string | null {
  if (keyType === 'MSISDN') return keyRef;
  return simNamed ? simRef : null;
}
