import { sql } from 'drizzle-orm';
import type { NotificationType } from '../domain/notification.js';
import type { Vault } from '../secrets.js';
import type { LedgerContext } from './context.js';

/** Workspaces of a channel (Slack teams), as far as they come and go as a whole. */
export interface WorkspaceLedger {
  /**
   * Takes back what was agreed to in every conversation of a workspace, and has the telcos told. Conversations in which nothing
   * was agreed to are left as they are, so that a second time changes nothing. Returns how many consents were taken back.
   */
  optOutWorkspace(
    channel: string,
    workspace: string,
    types: readonly NotificationType[],
    source: string,
  ): Promise<number>;
}

/** `null` where a channel has no workspaces. */
export function workspaceRef(vault: Pick<Vault, 'reference'>, channel: string, workspace: string): string | null {
  return workspace === '' ? null : vault.reference('workspace', channel, workspace);
}

export function workspaceMethods({ db, vault, clock }: LedgerContext): WorkspaceLedger {
  return {
    async optOutWorkspace(channel, workspace, types, source) {
      const ref = workspaceRef(vault, channel, workspace);
      if (ref === null || types.length === 0) return 0;
      const now = sql`coalesce(${clock.stamp()}::timestamptz, now())`;
      const listed = sql.join(
        types.map((type) => sql`${type}`),
        sql`, `,
      );
      const { rows } = (await db.execute(sql`
        with newest as (
          select distinct on (c.conversation_id, c.type) c.conversation_id, c.type, c.granted
          from consents c join conversations v on v.id = c.conversation_id
          where v.workspace_ref = ${ref} and c.type in (${listed})
          order by c.conversation_id, c.type, c.id desc
        ), taken as (
          insert into consents (conversation_id, type, granted, source, at)
          select conversation_id, type, false, ${source}, ${now} from newest where granted
          returning conversation_id
        ), told as (
          insert into outbox (id, kind, subject, conversation_id, created_at, due_at)
          select gen_random_uuid()::text, 'registration', conversation_id, conversation_id, ${now}, ${now}
          from (select distinct conversation_id from taken) as who
          on conflict do nothing
        )
        select count(*)::int as count from taken`)) as { readonly rows: readonly { readonly count: number }[] };
      return rows[0]?.count ?? 0;
    },
  };
}
