import { z } from 'zod';
import { ChannelRefused } from '../../bot/channel.js';

/**
 * Where an answer goes. It names the place and never a message, so that it stays the same for the life of a conversation.
 * - `dm`: the app's direct messages with the user; with `p`, for the conversation of another place, whose news was read there;
 * - `thread`, `channel`: a shared place, where only ephemeral messages are sent;
 * - `home`: the user's App Home, which is one view that every answer redraws.
 */
const address = z.discriminatedUnion('k', [
  z.object({
    k: z.literal('dm'),
    t: z.string(),
    e: z.string().optional(),
    u: z.string(),
    c: z.string(),
    p: z.string().optional(),
  }),
  z.object({
    k: z.literal('thread'),
    t: z.string(),
    e: z.string().optional(),
    u: z.string(),
    c: z.string(),
    ts: z.string(),
  }),
  z.object({ k: z.literal('channel'), t: z.string(), e: z.string().optional(), u: z.string(), c: z.string() }),
  z.object({ k: z.literal('home'), t: z.string(), e: z.string().optional(), u: z.string() }),
]);

/** Short names, since it is stored with every conversation: team, enterprise, user, channel, thread. */
export type Address = z.infer<typeof address>;

export interface Who {
  /** The workspace whose token answers. */
  readonly team: string;
  readonly enterprise?: string;
  readonly user: string;
}

/**
 * A conversation's place as `conversationIdOf` takes it: `''` for direct messages, `home`, `C123` or `C123:1712.0001`. Buttons
 * carry it too (in `block_id`), since a press on an ephemeral message does not say which thread it hung in.
 */
export const HOME = 'home';

export function threadPlace(channel: string, thread: string): string {
  return `${channel}:${thread}`;
}

/** Where a place's conversation is answered. `dm` is the channel id of the direct messages, where something was said or pressed. */
export function addressOf(place: string, { team, enterprise, user }: Who, dm: string): Address {
  const who = { t: team, ...(enterprise !== undefined && { e: enterprise }), u: user };
  if (place === '' || dm !== '') return { k: 'dm', ...who, c: dm, ...(place !== '' && { p: place }) };
  if (place === HOME) return { k: 'home', ...who };
  const [c = '', ts] = place.split(':');
  return ts === undefined ? { k: 'channel', ...who, c } : { k: 'thread', ...who, c, ts };
}

export function placeOf(to: Address): string {
  switch (to.k) {
    case 'dm':
      return to.p ?? '';
    case 'home':
      return HOME;
    case 'channel':
      return to.c;
    case 'thread':
      return threadPlace(to.c, to.ts);
  }
}

/** @throws ChannelRefused for one we did not write: there is no telling where it leads. */
export function readAddress(json: string): Address {
  try {
    return address.parse(JSON.parse(json));
  } catch (cause) {
    throw new ChannelRefused('this is not a Slack address', { cause });
  }
}
