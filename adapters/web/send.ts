import { ChannelUnreachable, type Outgoing } from '../../bot/channel.js';
import type { ConversationLog } from './log.js';
import { render } from './render.js';

/**
 * Puts a message on the subscriber's screen, wherever it is open, now or within the hour. The same `Outgoing.id` is shown once.
 *
 * @throws ChannelUnreachable when the log did not take it.
 */
export async function send(
  log: ConversationLog,
  { id, conversationId, message, key }: Outgoing,
  at: number,
): Promise<void> {
  const data = JSON.stringify(render(message, id, at, key));
  try {
    // The prefix keeps a subscriber's own ids and Refill's apart: neither can hide the other's messages.
    await log.append(conversationId, `r:${id}`, 'message', data);
  } catch (cause) {
    throw new ChannelUnreachable('the web channel could not reach its log', { cause });
  }
}
