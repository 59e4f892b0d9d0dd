import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { ChannelRefused } from '../../bot/channel.js';

/** Where a person is answered: what Microsoft calls a conversation reference, always of the personal chat. */
export interface Address {
  readonly serviceUrl: string;
  /** Empty when the person was only met in a group so far: the personal chat is opened first. */
  readonly conversationId: string;
  readonly tenantId: string;
  /** `28:` and the app id. */
  readonly botId: string;
  /** `29:` and Teams' own id of the user for this bot. */
  readonly userId: string;
  /** Whether the service URL came with a token of Microsoft's. Only then may a token of ours go there. */
  readonly signed: boolean;
}

const address = z.object({
  serviceUrl: z.url({ protocol: /^https?$/ }),
  conversationId: z.string(),
  tenantId: z.string(),
  botId: z.string(),
  userId: z.string(),
  signed: z.boolean(),
});

/** Members in a fixed order: the same place is the same string. */
export function writeAddress({ serviceUrl, conversationId, tenantId, botId, userId, signed }: Address): string {
  return JSON.stringify({ serviceUrl, conversationId, tenantId, botId, userId, signed });
}

const read = new LRUCache<string, Address>({ max: 10_000 });

/** @throws ChannelRefused when it was not written by this version of the channel. */
export function readAddress(text: string): Address {
  const known = read.get(text);
  if (known !== undefined) return known;
  try {
    const found = address.parse(JSON.parse(text));
    read.set(text, found);
    return found;
  } catch (cause) {
    throw new ChannelRefused('not an address of the Teams channel', { cause });
  }
}
