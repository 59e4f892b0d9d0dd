import { LRUCache } from 'lru-cache';
import type { Profile } from '../../bot/channel.js';
import type { Origin } from '../../bot/conversation/event.js';
import { readAddress } from './address.js';
import type { SlackApi } from './api.js';
import { within } from './deadline.js';
import type { Tokens } from './tokens.js';

/** A turn waits for it, so it must be quick or not at all. In milliseconds. */
const ANSWER_WITHIN_MS = 1_500;
/** A workspace that does not tell (an app installed without `users:read`, a Slack in trouble) is not asked again for this long. */
const REST_MS = 600_000;
const KEPT_MS = 3_600_000;

/** What Slack knows of a user: their language and time zone. Never rejects; what is not told is left out. */
export function createProfiles(api: SlackApi, tokens: Tokens): (origin: Origin) => Promise<Profile> {
  const known = new LRUCache<string, Profile>({ max: 10_000, ttl: KEPT_MS });
  const resting = new LRUCache<string, true>({ max: 1_000, ttl: REST_MS });
  return async ({ workspace, user, address }) => {
    const key = `${workspace} ${user}`;
    const before = known.get(key);
    if (before !== undefined || resting.has(workspace)) return before ?? {};
    try {
      const { t: team, e: enterprise, u } = readAddress(address);
      const deadline = AbortSignal.timeout(ANSWER_WITHIN_MS);
      const token = await within(deadline, tokens.for(team, enterprise));
      const query = { user: u, include_locale: 'true' };
      const { user: told } = await api.read('users.info', team, token, query, deadline);
      const profile = profileOf(told ?? {});
      known.set(key, profile);
      return profile;
    } catch {
      resting.set(workspace, true);
      return {};
    }
  };
}

function profileOf({ locale, tz }: { locale?: string | undefined; tz?: string | undefined }): Profile {
  return {
    ...(locale !== undefined && isLocale(locale) && { locale }),
    ...(tz !== undefined && isTimezone(tz) && { timezone: tz }),
  };
}

function isLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}

function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}
