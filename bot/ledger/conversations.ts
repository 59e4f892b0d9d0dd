import { randomUUID } from 'node:crypto';
import { and, desc, eq, getTableColumns, or, type SQL, sql } from 'drizzle-orm';
import { origin } from '../conversation/event.js';
import { otherName } from '../domain/chat-user.js';
import type { Line, SubscriberKey } from '../domain/subscriber.js';
import { type LedgerContext, NOW } from './context.js';
import type { Conversation, Ledger } from './ledger.js';
import { identityRef } from './linked-user.js';
import { consents, conversations, lines } from './schema.js';
import { lineLinks, lineTokens } from './schema-identity.js';
import { storableValues } from './text.js';
import { promisedWithdrawals, withdrawnLines } from './withdrawals.js';
import { workspaceRef } from './workspaces.js';

type OfConversations = 'saveConversation' | 'conversation' | 'conversationsOf' | 'usersNamed';
type OfLines = 'ensureLine' | 'line' | 'findLine';

const value = sql.placeholder;

/** Who is talked to, where, and about which line. */
export function conversationMethods(context: LedgerContext): Pick<Ledger, OfConversations | OfLines> {
  return { ...aboutConversations(context), ...byTheirNames(context), ...aboutLines(context) };
}

/**
 * True where the user of a conversation, by whichever of their names, gave its line up or had it taken away, unless they have it
 * by their own id. In a sandbox there may be no link at all. `v` is the conversation's table in the statement.
 */
function endedLink(v: SQL): SQL {
  return sql`(exists (select 1 from ${lineLinks} g where g.line_id = ${v}.line_id
      and g.identity_ref in (${v}.identity_ref, ${v}.alias_ref) and g.state = 'unlinked')
    and not exists (select 1 from ${lineLinks} g where g.line_id = ${v}.line_id
      and g.identity_ref = ${v}.identity_ref and g.state <> 'unlinked'))`;
}

function aboutConversations({ db, vault, clock }: LedgerContext): Pick<Ledger, Exclude<OfConversations, 'usersNamed'>> {
  // Alerts about the line it was about until now are not for it any more. Where the link ended, that has told the telco already.
  const left = db.$with('left_behind', {}).as(sql`
    select v.line_id from ${conversations} v where v.id = ${value('id')} and not ${value('keepLine')}::boolean
      and v.line_id <> coalesce(${value('lineId')}::text, '') and not ${endedLink(sql`v`)}
      and exists (select 1 from ${consents} k where k.conversation_id = v.id and k.granted)`);
  const withdrawn = db.$with('withdrawn', {}).as(withdrawnLines(sql`left_behind`, NOW));
  const promised = db.$with('promised', {}).as(promisedWithdrawals(NOW));
  const save = db
    .with(left, withdrawn, promised)
    .insert(conversations)
    .values({
      id: value('id'),
      channel: value('channel'),
      originSealed: value('originSealed'),
      lineId: value('lineId'),
      identityRef: value('identityRef'),
      aliasRef: value('aliasRef'),
      workspaceRef: value('workspaceRef'),
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
        identityRef: sql`excluded.identity_ref`,
        // Not every event brings it, and without it nobody would notice that the number has another owner.
        aliasRef: sql`coalesce(excluded.alias_ref, ${conversations.aliasRef})`,
        workspaceRef: sql`excluded.workspace_ref`,
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
    .where(and(eq(conversations.lineId, value('lineId')), sql`not ${endedLink(sql`${conversations}`)}`))
    .orderBy(desc(conversations.activeAt))
    .prepare('conversations_of');

  return {
    async saveConversation({ id, origin: { channel, ...rest }, lineId, locale = null, timezone = null }) {
      const originSealed = vault.seal(JSON.stringify(rest));
      const line = { lineId: lineId ?? null, keepLine: lineId === undefined };
      const alias = otherName({ channel, ...rest });
      const refs = {
        identityRef: identityRef(vault, { channel, ...rest }),
        aliasRef: alias === undefined ? null : identityRef(vault, alias),
        workspaceRef: workspaceRef(vault, channel, rest.workspace),
      };
      const values = storableValues({ id, channel, originSealed, ...line, ...refs, locale, timezone });
      await save.execute({ ...values, stamp: clock.stamp() });
    },
    async conversation(id) {
      const [row] = await byId.execute({ id });
      return row && toConversation(row, vault);
    },
    async conversationsOf(lineId) {
      return (await byLine.execute({ lineId })).map((row) => toConversation(row, vault));
    },
  };
}

/** A number has few owners within the time that conversations are kept. */
const MOST_OF_A_NAME = 10;

function byTheirNames({ db, vault }: LedgerContext): Pick<Ledger, 'usersNamed'> {
  const byName = db
    .select()
    .from(conversations)
    .where(or(eq(conversations.identityRef, value('ref')), eq(conversations.aliasRef, value('ref'))))
    .orderBy(desc(conversations.activeAt))
    .limit(MOST_OF_A_NAME)
    .prepare('users_named');

  return {
    async usersNamed(name) {
      const rows = await byName.execute({ ref: identityRef(vault, name) });
      return rows.map((row) => {
        const { user, phone, alias } = toConversation(row, vault).origin;
        return {
          user,
          ...(phone !== undefined && { phone }),
          isAlso(other) {
            if (other === user || other === alias) return true;
            if (alias === undefined && row.aliasRef === null) return undefined;
            return row.aliasRef === identityRef(vault, { ...name, user: other });
          },
        };
      });
    },
  };
}

function toConversation(
  row: typeof conversations.$inferSelect,
  vault: Pick<LedgerContext['vault'], 'open'>,
): Conversation {
  return {
    id: row.id,
    origin: origin.parse({ ...JSON.parse(vault.open(row.originSealed)), channel: row.channel }),
    ...(row.lineId !== null && { lineId: row.lineId }),
    ...(row.locale !== null && { locale: row.locale }),
    ...(row.timezone !== null && { timezone: row.timezone }),
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
  // A CPID changes: it finds the line it was obtained for, and never names one itself.
  const byToken = db
    .select(getTableColumns(lines))
    .from(lineTokens)
    .innerJoin(lines, eq(lines.id, lineTokens.lineId))
    .where(eq(lineTokens.ref, value('keyRef')))
    .prepare('line_by_token');
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

  const tell = db
    .update(lines)
    .set({ keySealed: sql`${value('keySealed')}` })
    .where(eq(lines.keyRef, value('keyRef')))
    .prepare('tell_line_again');

  const toLine = (row: typeof lines.$inferSelect): Line => ({
    id: row.id,
    operator: row.operator,
    key: { type: row.keyType, value: vault.open(row.keySealed) },
  });
  const find = async (operator: string, key: SubscriberKey): Promise<Line | undefined> => {
    const keyRef = vault.reference('line', operator, key.type, key.value);
    const [row] = key.type === 'CPID' ? await byToken.execute({ keyRef }) : await byKey.execute({ keyRef });
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
      if (known !== undefined && known.key.value === key.value) return known;
      const id = randomUUID();
      const keyRef = vault.reference('line', operator, key.type, key.value);
      const keySealed = vault.seal(key.value);
      await add.execute({ id, keyRef, operator, keyType: key.type, keySealed, stamp: clock.stamp() });
      // Known, and erased since: it is told again.
      if (known !== undefined) await tell.execute({ keyRef, keySealed });
      // Someone else may have been first: theirs counts.
      return (await find(operator, key)) ?? { id, operator, key };
    },
  };
}
