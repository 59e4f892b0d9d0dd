import { randomUUID } from 'node:crypto';
import { desc, eq, sql } from 'drizzle-orm';
import { origin } from '../conversation/event.js';
import type { Line, SubscriberKey } from '../domain/subscriber.js';
import { type LedgerContext, NOW } from './context.js';
import type { Conversation, Ledger } from './ledger.js';
import { conversations, lines } from './schema.js';
import { storableValues } from './text.js';

type OfConversations = 'saveConversation' | 'conversation' | 'conversationsOf';
type OfLines = 'ensureLine' | 'line' | 'findLine';

const value = sql.placeholder;

/** Who is talked to, where, and about which line. */
export function conversationMethods(context: LedgerContext): Pick<Ledger, OfConversations | OfLines> {
  return { ...aboutConversations(context), ...aboutLines(context) };
}

function aboutConversations({ db, vault, clock }: LedgerContext): Pick<Ledger, OfConversations> {
  const save = db
    .insert(conversations)
    .values({
      id: value('id'),
      channel: value('channel'),
      originSealed: value('originSealed'),
      lineId: value('lineId'),
      locale: value('locale'),
      timezone: value('timezone'),
      createdAt: NOW,
      activeAt: NOW,
    })
    .onConflictDoUpdate({
      target: conversations.id,
      set: {
        channel: sql`excluded.channel`,
        originSealed: sql`excluded.origin_sealed`,
        lineId: sql`case when ${value('keepLine')} then ${conversations.lineId} else excluded.line_id end`,
        locale: sql`coalesce(excluded.locale, ${conversations.locale})`,
        timezone: sql`coalesce(excluded.timezone, ${conversations.timezone})`,
        activeAt: sql`excluded.active_at`,
      },
    })
    .prepare('save_conversation');
  const byId = db
    .select()
    .from(conversations)
    .where(eq(conversations.id, value('id')))
    .prepare('conversation');
  const byLine = db
    .select()
    .from(conversations)
    .where(eq(conversations.lineId, value('lineId')))
    .orderBy(desc(conversations.activeAt))
    .prepare('conversations_of');

  const toConversation = (row: typeof conversations.$inferSelect): Conversation => ({
    id: row.id,
    origin: origin.parse({ ...JSON.parse(vault.open(row.originSealed)), channel: row.channel }),
    ...(row.lineId !== null && { lineId: row.lineId }),
    ...(row.locale !== null && { locale: row.locale }),
    ...(row.timezone !== null && { timezone: row.timezone }),
  });

  return {
    async saveConversation({ id, origin: { channel, ...rest }, lineId, locale = null, timezone = null }) {
      const originSealed = vault.seal(JSON.stringify(rest));
      const line = { lineId: lineId ?? null, keepLine: lineId === undefined };
      const values = storableValues({ id, channel, originSealed, ...line, locale, timezone });
      await save.execute({ ...values, stamp: clock.stamp() });
    },
    async conversation(id) {
      const [row] = await byId.execute({ id });
      return row && toConversation(row);
    },
    async conversationsOf(lineId) {
      return (await byLine.execute({ lineId })).map(toConversation);
    },
  };
}

function aboutLines({ db, vault, clock }: LedgerContext): Pick<Ledger, OfLines> {
  const byId = db
    .select()
    .from(lines)
    .where(eq(lines.id, value('id')))
    .prepare('line');
  const byKey = db
    .select()
    .from(lines)
    .where(eq(lines.keyRef, value('keyRef')))
    .prepare('line_by_key');
  const add = db
    .insert(lines)
    .values({
      id: value('id'),
      keyRef: value('keyRef'),
      operator: value('operator'),
      keyType: value('keyType'),
      keySealed: value('keySealed'),
      createdAt: NOW,
    })
    .onConflictDoNothing()
    .prepare('add_line');

  const toLine = (row: typeof lines.$inferSelect): Line => ({
    id: row.id,
    operator: row.operator,
    key: { type: row.keyType, value: vault.open(row.keySealed) },
  });
  const find = async (operator: string, key: SubscriberKey): Promise<Line | undefined> => {
    const [row] = await byKey.execute({ keyRef: vault.reference('line', operator, key.type, key.value) });
    return row && toLine(row);
  };

  return {
    findLine: find,
    async line(id) {
      const [row] = await byId.execute({ id });
      return row && toLine(row);
    },
    async ensureLine(operator, key) {
      const known = await find(operator, key);
      if (known !== undefined) return known;
      const id = randomUUID();
      const keyRef = vault.reference('line', operator, key.type, key.value);
      const keySealed = vault.seal(key.value);
      await add.execute({ id, keyRef, operator, keyType: key.type, keySealed, stamp: clock.stamp() });
      // Someone else may have been first: theirs counts.
      return (await find(operator, key)) ?? { id, operator, key };
    },
  };
}
