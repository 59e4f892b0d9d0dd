import { and, eq, lte, or, sql } from 'drizzle-orm';
import { type LedgerContext, NOW } from './context.js';
import type { Ledger } from './ledger.js';
import { happened } from './line-signals.js';
import { slackInstallations } from './schema.js';
import { storableValues } from './text.js';

type Methods = 'saveSlackInstallation' | 'slackInstallation' | 'removeSlackInstallation' | 'dropSlackToken';

const value = sql.placeholder;

/**
 * The workspaces that installed the Slack app. An installation for a whole Enterprise organisation has no team: it is kept under
 * the organisation's own id and serves every workspace of it that has none of its own.
 */
export function slackInstallationMethods({ db, vault, clock }: LedgerContext): Pick<Ledger, Methods> {
  const save = db
    .insert(slackInstallations)
    .values({
      teamId: value('teamId'),
      enterpriseId: value('enterpriseId'),
      botTokenSealed: value('botTokenSealed'),
      botUserId: value('botUserId'),
      installedAt: NOW,
    })
    .onConflictDoUpdate({
      target: slackInstallations.teamId,
      set: {
        enterpriseId: sql`excluded.enterprise_id`,
        botTokenSealed: sql`excluded.bot_token_sealed`,
        botUserId: sql`excluded.bot_user_id`,
        installedAt: sql`excluded.installed_at`,
      },
    })
    .prepare('save_slack_installation');
  const find = db
    .select()
    .from(slackInstallations)
    .where(or(eq(slackInstallations.teamId, value('teamId')), eq(slackInstallations.teamId, value('enterpriseId'))))
    .orderBy(sql`${slackInstallations.teamId} = ${value('teamId')} desc`)
    .limit(1)
    .prepare('slack_installation');
  const drop = db
    .delete(slackInstallations)
    .where(
      and(
        eq(slackInstallations.teamId, value('teamId')),
        eq(slackInstallations.botTokenSealed, value('botTokenSealed')),
      ),
    )
    .prepare('drop_slack_token');
  const named = async (teamId: string) => (await find.execute({ teamId, enterpriseId: teamId }))[0];

  return {
    async saveSlackInstallation({ teamId, enterpriseId = null, botToken, botUserId }) {
      const botTokenSealed = vault.seal(botToken);
      const id = teamId || (enterpriseId ?? '');
      const values = storableValues({ teamId: id, enterpriseId, botTokenSealed, botUserId });
      await save.execute({ ...values, stamp: clock.stamp() });
    },
    async slackInstallation(teamId, enterpriseId) {
      const [row] = await find.execute({ teamId, enterpriseId: enterpriseId ?? teamId });
      if (row === undefined) return undefined;
      return {
        teamId: row.teamId,
        ...(row.enterpriseId !== null && { enterpriseId: row.enterpriseId }),
        botToken: vault.open(row.botTokenSealed),
        botUserId: row.botUserId,
      };
    },
    async removeSlackInstallation(teamId, at) {
      const until = lte(slackInstallations.installedAt, happened(clock, at));
      await db.delete(slackInstallations).where(and(eq(slackInstallations.teamId, teamId), until));
      return (await named(teamId)) === undefined;
    },
    async dropSlackToken(teamId, botToken) {
      const row = await named(teamId);
      // The same token is never sealed the same way twice, so that a row which changes in between stays.
      if (row === undefined || vault.open(row.botTokenSealed) !== botToken) return;
      await drop.execute({ teamId, botTokenSealed: row.botTokenSealed });
    },
  };
}
