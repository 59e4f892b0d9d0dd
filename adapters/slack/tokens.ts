import { LRUCache } from 'lru-cache';
import { ChannelRefused } from '../../bot/channel.js';
import type { SlackInstallation } from '../../bot/ledger/ledger.js';

/** Where installations are kept, tokens sealed. */
export interface Installations {
  save(installation: SlackInstallation): Promise<void>;
  find(teamId: string, enterpriseId?: string): Promise<SlackInstallation | undefined>;
  /** Forgets an installation whose token is dead; one with another token stays. */
  drop(teamId: string, botToken: string): Promise<void>;
  /** Forgets what was installed until `at`. False where the app was installed again since: that one stays. */
  remove(teamId: string, at: Date): Promise<boolean>;
}

/** Which bot token answers in which workspace. */
export interface Tokens {
  /** @throws ChannelRefused where the app is not installed. */
  for(team: string, enterprise: string | undefined): Promise<string>;
  /** Asks the store again at the next use: the workspace installed the app anew. */
  forget(team: string): void;
  /** Gives up a token that Slack does not take any more. Returns the one that took its place, where the app was installed again. */
  refused(team: string, enterprise: string | undefined, token: string): Promise<string | undefined>;
  /** Gives up what a workspace installed until `at`, when it removed the app. False where it installed the app again since. */
  removed(team: string, at: Date): Promise<boolean>;
}

/** Another process may see an installation come or go: its own memory of it lasts this long. */
const KEPT_MS = 60_000;
const KEPT_TEAMS = 1000;

/** `botToken` is for the one workspace an app without OAuth is installed in. */
export function createTokens(botToken: string | undefined, installations: Installations | undefined): Tokens {
  const known = new LRUCache<string, { token: string | undefined; installedAs: string }>({
    max: KEPT_TEAMS,
    ttl: KEPT_MS,
  });
  return {
    async for(team, enterprise) {
      let found = known.get(team);
      if (found === undefined) {
        const installation = await installations?.find(team, enterprise);
        // Installed for a whole organisation, it is kept under another name than the workspace's.
        found = { token: installation?.botToken ?? (botToken || undefined), installedAs: installation?.teamId ?? team };
        known.set(team, found);
      }
      if (found.token === undefined) throw new ChannelRefused('the Slack app is not installed in this workspace');
      return found.token;
    },
    forget: (team) => void known.delete(team),
    async refused(team, enterprise, token) {
      known.delete(team);
      const installation = await installations?.find(team, enterprise);
      if (installation === undefined) return undefined;
      if (installation.botToken !== token) return installation.botToken;
      await installations?.drop(installation.teamId, token);
      return undefined;
    },
    async removed(team, at) {
      const installedAs = known.get(team)?.installedAs ?? team;
      known.delete(team);
      return (await installations?.remove(installedAs, at)) ?? true;
    },
  };
}
