import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import type { Link } from '../../../bot/ledger/ledger.js';
import { type Given, twenty } from './given.js';

export function links({ ledger, database }: Given): void {
  const link = (change: Partial<Link> = {}): Link => ({
    channel: 'slack',
    workspace: 'T1',
    user: `U${randomUUID()}`,
    operator: 'celcom',
    key: { type: 'MSISDN', value: '60111222333' },
    ...change,
  });
  const lineOf = ({ channel, workspace, user }: Link) => ledger().linkedLine(channel, workspace, user);
  const row = async ({ channel, workspace, user }: Link) => {
    const line = await ledger().linkedLine(channel, workspace, user);
    const result = await database().drizzle.execute(sql`select *, xmin from links where line_id = ${line?.id}`);
    return (result as unknown as { rows: unknown[] }).rows;
  };

  describe('links', () => {
    test('lead from a chat user to the line', async () => {
      const given = link({ key: { type: 'MSISDN', value: '60100000001' } });
      expect(await lineOf(given)).toBeUndefined();
      expect(await ledger().saveLinks([given], 'test')).toBe(1);
      const line = await lineOf(given);
      expect(line).toEqual({ id: expect.any(String), operator: given.operator, key: given.key });
      expect(await ledger().findLine(given.operator, given.key)).toEqual(line);
    });

    test('hold for that user of that workspace on that channel only', async () => {
      const given = link();
      await ledger().saveLinks([given], 'test');
      expect(await lineOf({ ...given, channel: 'teams' })).toBeUndefined();
      expect(await lineOf({ ...given, workspace: 'T2' })).toBeUndefined();
      expect(await lineOf({ ...given, user: `${given.user}0` })).toBeUndefined();
      expect(await lineOf({ ...given, workspace: `T1${given.user[0]}`, user: given.user.slice(1) })).toBeUndefined();
    });

    test('use the line that is there already, and several users may share one', async () => {
      const key = { type: 'MSISDN', value: '60100000002' } as const;
      const line = await ledger().ensureLine('celcom', key);
      const [one, two] = [link({ key }), link({ key })];
      expect(await ledger().saveLinks([one, two], 'test')).toBe(2);
      expect(await lineOf(one)).toEqual(line);
      expect(await lineOf(two)).toEqual(line);
    });

    test('saved again change nothing, not even a row', async () => {
      const given = link({ key: { type: 'MSISDN', value: '60100000003' } });
      await ledger().saveLinks([given], 'first');
      const before = await row(given);
      expect(before).toHaveLength(1);
      expect(await ledger().saveLinks([given], 'second')).toBe(0);
      expect(await row(given)).toEqual(before);
    });

    test('with another number or operator replace the old one, and are not counted as new', async () => {
      const given = link();
      await ledger().saveLinks([given], 'test');
      const moved = { ...given, key: { type: 'MSISDN', value: '60100000004' } } as const;
      expect(await ledger().saveLinks([moved, link()], 'test')).toBe(1);
      expect(await lineOf(given)).toMatchObject({ key: moved.key });
      expect(await ledger().saveLinks([{ ...moved, operator: 'digi' }], 'test')).toBe(0);
      expect(await lineOf(given)).toMatchObject({ operator: 'digi', key: moved.key });
    });

    test('said twice in one go are what was said last', async () => {
      const given = link();
      const last = { ...given, key: { type: 'MSISDN', value: '60100000005' } } as const;
      expect(await ledger().saveLinks([given, last], 'test')).toBe(1);
      expect(await lineOf(given)).toMatchObject({ key: last.key });
      expect(await ledger().saveLinks([], 'test')).toBe(0);
    });

    test('are saved all or none', async () => {
      const many = Array.from({ length: 1200 }, (_, n) => link({ user: `all-or-none-${n}` }));
      await database().drizzle.execute(sql`
        alter table links add constraint one_refused check (source <> 'refused' or channel <> 'web') not valid`);
      const refused = ledger().saveLinks([...many, link({ channel: 'web' })], 'refused');
      await expect(refused).rejects.toMatchObject({ code: 'LEDGER_FAILED' });
      await database().drizzle.execute(sql`alter table links drop constraint one_refused`);
      expect(await Promise.all(many.map(lineOf))).toEqual(many.map(() => undefined));
      expect(await ledger().saveLinks(many, 'test')).toBe(1200);
    });

    test('of the same users imported twenty times at once are there once, and nobody waits for ever', async () => {
      const many = Array.from({ length: 50 }, () => link());
      const counts = await twenty(async (n) => ledger().saveLinks(n % 2 ? many : [...many].reverse(), 'test'));
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(50);
    });

    test('are taken out once, however many do so at once, and those of others stay', async () => {
      const many = Array.from({ length: 50 }, () => link());
      const other = link();
      await ledger().saveLinks([...many, other], 'test');
      const counts = await twenty(async (n) => ledger().unlinkListed(n % 2 ? many : [...many].reverse(), 'test'));
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(50);
      expect(await Promise.all(many.map(lineOf))).toEqual(many.map(() => undefined));
      expect(await lineOf(other)).toBeDefined();
      expect(await ledger().unlinkListed([], 'test')).toBe(0);
    });

    test('are listed page by page, each once', async () => {
      const channel = `listed-${randomUUID()}`;
      const many = Array.from({ length: 25 }, () => link({ channel }));
      await ledger().saveLinks(many, 'test');
      await ledger().unlinkListed(many.slice(0, 3), 'test');
      const found: string[] = [];
      for (let after: string | undefined; ; ) {
        const page = await ledger().listLinks({ channel, limit: 10, ...(after !== undefined && { after }) });
        found.push(...page.map(({ user }) => user));
        after = page.at(-1)?.place;
        if (page.length < 10) break;
      }
      expect(found.sort()).toEqual(
        many
          .slice(3)
          .map(({ user }) => user)
          .sort(),
      );
      const { user, key } = many[3] ?? link();
      const own = await ledger().listLinks({ who: { channel, workspace: 'T1', user }, limit: 10 });
      expect(own).toMatchObject([{ channel, user, workspace: 'T1', method: 'directory', line: { key } }]);
    });

    test('of a number that was erased with its last user name the number again', async () => {
      const key = { type: 'MSISDN', value: '60100000006' } as const;
      const [gone, next] = [link({ key }), link({ key })];
      await ledger().saveLinks([gone], 'test');
      const promise = await ledger().outboxItem(await ledger().beginErasure(gone, `none-${gone.user}`));
      await ledger().finishErasure(promise?.subject ?? '');
      expect(await ledger().findLine(gone.operator, key)).toMatchObject({ key: { value: '' } });
      expect(await ledger().saveLinks([next], 'test')).toBe(1);
      expect(await lineOf(next)).toMatchObject({ key });
    });

    test('go in by the thousand', async () => {
      const many = Array.from({ length: 20_000 }, (_, n) =>
        link({ user: `U${n}`, key: { type: 'MSISDN', value: String(60_200_000_000 + n) } }),
      );
      expect(await ledger().saveLinks(many, 'bulk')).toBe(20_000);
      expect(await lineOf(link({ user: 'U17777' }))).toMatchObject({ key: { value: '60200017777' } });
    }, 60_000);
  });
}

export function slackInstallations({ ledger }: Given): void {
  describe('Slack installations', () => {
    const team = () => `T${randomUUID()}`;

    test('are read as they were saved', async () => {
      const bare = { teamId: team(), botToken: 'xoxb-1', botUserId: 'UB1' };
      const full = { teamId: team(), enterpriseId: 'E1', botToken: 'xoxb-2', botUserId: 'UB2' };
      await ledger().saveSlackInstallation(bare);
      await ledger().saveSlackInstallation(full);
      expect(await ledger().slackInstallation(bare.teamId)).toEqual(bare);
      expect(await ledger().slackInstallation(full.teamId, 'E1')).toEqual(full);
      expect(await ledger().slackInstallation(full.teamId)).toEqual(full);
      expect(await ledger().slackInstallation(team())).toBeUndefined();
    });

    test('are replaced by installing again', async () => {
      const teamId = team();
      await ledger().saveSlackInstallation({ teamId, enterpriseId: 'E9', botToken: 'xoxb-old', botUserId: 'UB1' });
      await ledger().saveSlackInstallation({ teamId, botToken: 'xoxb-new', botUserId: 'UB2' });
      expect(await ledger().slackInstallation(teamId)).toEqual({ teamId, botToken: 'xoxb-new', botUserId: 'UB2' });
    });

    test('of a whole organisation serve its workspaces that have none of their own, and no other', async () => {
      const enterpriseId = `E${randomUUID()}`;
      const own = { teamId: team(), enterpriseId, botToken: 'xoxb-team', botUserId: 'UB1' };
      const everyone = { teamId: enterpriseId, enterpriseId, botToken: 'xoxb-org', botUserId: 'UB2' };
      await ledger().saveSlackInstallation(own);
      expect(await ledger().slackInstallation(team(), enterpriseId)).toBeUndefined();
      await ledger().saveSlackInstallation({ ...everyone, teamId: '' });
      expect(await ledger().slackInstallation(team(), enterpriseId)).toEqual(everyone);
      expect(await ledger().slackInstallation(own.teamId, enterpriseId)).toEqual(own);
      expect(await ledger().slackInstallation(team(), 'E-other')).toBeUndefined();
    });

    test('are forgotten when the app is removed, of that workspace only', async () => {
      const [gone, stays] = [team(), team()];
      for (const teamId of [gone, stays])
        await ledger().saveSlackInstallation({ teamId, botToken: 'xoxb', botUserId: 'UB' });
      const later = new Date(Date.now() + 60_000);
      expect(await ledger().removeSlackInstallation(gone, later)).toBe(true);
      expect(await ledger().removeSlackInstallation(gone, later)).toBe(true);
      expect(await ledger().slackInstallation(gone)).toBeUndefined();
      expect(await ledger().slackInstallation(stays)).toBeDefined();
    });

    test('stay when the app was installed again after it was removed', async () => {
      const teamId = team();
      await ledger().saveSlackInstallation({ teamId, botToken: 'xoxb-new', botUserId: 'UB' });
      const earlier = new Date(Date.now() - 60_000);
      expect(await ledger().removeSlackInstallation(teamId, earlier)).toBe(false);
      expect(await ledger().slackInstallation(teamId)).toBeDefined();
    });

    test('are forgotten with their token when it is dead, not with the one before it', async () => {
      const teamId = team();
      await ledger().saveSlackInstallation({ teamId, botToken: 'xoxb-new', botUserId: 'UB' });
      await ledger().dropSlackToken(teamId, 'xoxb-old');
      expect(await ledger().slackInstallation(teamId)).toBeDefined();
      await ledger().dropSlackToken(teamId, 'xoxb-new');
      await ledger().dropSlackToken(teamId, 'xoxb-new');
      expect(await ledger().slackInstallation(teamId)).toBeUndefined();
    });
  });
}
