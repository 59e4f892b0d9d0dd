import { hash } from 'node:crypto';

/** What is not of one conversation alone (`open`, `dead`) is split this often, so that a cluster's nodes share it. */
export const SHARDS = 64;

/** Every key of one conversation; the same words as in `scripts.ts`. */
export interface Keys {
  readonly box: string;
  readonly open: string;
  readonly lease: string;
  readonly tries: string;
  readonly session: string;
  readonly dead: string;
  seen(eventId: string): string;
}

export function keysOf(prefix: string, conversation: string): Keys {
  const shard = shardOf(conversation);
  const key = (name: string) => `${tag(prefix, shard)}:${name}:${conversation}`;
  return {
    box: key('box'),
    open: openKey(prefix, shard),
    lease: key('lease'),
    tries: key('tries'),
    session: key('session'),
    dead: deadKey(prefix, shard),
    // An event id is the platform's: hashed, it can neither be long nor hold a phone number.
    seen: (id) => `${tag(prefix, shard)}:seen:${hash('sha256', `${conversation}\n${id}`, 'base64url').slice(0, 22)}`,
  };
}

const tag = (prefix: string, shard: number) => `{${prefix}:${shard}}`;
export const openKey = (prefix: string, shard: number) => `${tag(prefix, shard)}:open`;
export const deadKey = (prefix: string, shard: number) => `${tag(prefix, shard)}:dead-letters`;

/** One letter of a conversation; beside its index, on the same slot. */
export function letterKey(prefix: string, conversation: string, id: string): string {
  return `${tag(prefix, shardOf(conversation))}:letter:${id}`;
}

/** FNV-1a: spreads conversations over slots, so that one Redis Cluster node does not hold them all. */
function shardOf(conversation: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < conversation.length; index++) {
    hash = Math.imul(hash ^ conversation.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % SHARDS;
}
