import type { Origin } from '../conversation/event.js';

/** Makes a conversation's id: opaque, stable, and useless to anyone who does not hold the key (`vault.reference`). */
export function conversationIdOf(
  reference: (...parts: string[]) => string,
  { channel, workspace, user }: Pick<Origin, 'channel' | 'workspace' | 'user'>,
  place = '',
): string {
  return `${channel}-${reference('conversation', channel, workspace, user, place)}`;
}
