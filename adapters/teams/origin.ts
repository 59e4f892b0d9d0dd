import type { Origin } from '../../bot/conversation/event.js';
import type { Address } from './address.js';
import type { Account, Inbound } from './parse.js';

/** Who it is for the rest of Refill: the Entra id, which is the same for every bot, where Teams gives it. */
export function originOf(activity: Inbound, { id, aadObjectId }: Account): Omit<Origin, 'address'> {
  const { locale, entities, localTimezone } = activity;
  const client = entities?.find(({ type }) => type === 'clientInfo');
  const language = locale ?? client?.locale;
  const timezone = localTimezone ?? client?.timezone;
  return {
    channel: 'teams',
    workspace: tenantOf(activity),
    user: aadObjectId || id,
    ...(language && isLanguage(language) && { locale: language }),
    ...(timezone && isZone(timezone) && { timezone }),
  };
}

/** Where the activity happened, which may be a group. */
export function placeOf(activity: Inbound, userId: string, signed: boolean): Address {
  const { serviceUrl, conversation, recipient } = activity;
  const tenantId = tenantOf(activity);
  return { serviceUrl, conversationId: conversation.id, tenantId, botId: recipient?.id ?? '', userId, signed };
}

/** The language to answer an activity in before there is a session to ask. */
export function languageOf({ locale }: Inbound): string {
  return locale && isLanguage(locale) ? locale : 'en';
}

/** The tenant an activity comes from; empty where it names none. */
export function tenantOf({ channelData, conversation }: Pick<Inbound, 'channelData' | 'conversation'>): string {
  return channelData?.tenant?.id ?? conversation.tenantId ?? '';
}

function isLanguage(tag: string): boolean {
  return tag.length <= 35 && /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(tag);
}

/** Asking Intl takes a while, and there are some 600 zones. */
const zones = new Map<string, boolean>();
const MAX_ZONES = 2_000;

function isZone(name: string): boolean {
  if (name.length > 64) return false;
  const known = zones.get(name);
  if (known !== undefined) return known;
  const valid = intlKnows(name);
  if (zones.size < MAX_ZONES) zones.set(name, valid);
  return valid;
}

function intlKnows(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }) !== undefined;
  } catch {
    return false;
  }
}
