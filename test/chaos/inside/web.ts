import { createWebChannel as create, type WebChannel, type WebChannelOptions } from '../../../adapters/web/index.js';
import { note, reached } from './orders.js';

export * from '../../../adapters/web/index.js';

/** The platform's side of the story: what it took is in the journal, whatever becomes of Redis afterwards. */
export function createWebChannel(options: WebChannelOptions): WebChannel {
  const channel = create(options);
  return {
    ...channel,
    async send(outgoing) {
      reached('before-send');
      await channel.send(outgoing);
      const { id, conversationId, message } = outgoing;
      note({ kind: 'sent', conversation: conversationId, message: { id, blocks: message.blocks } });
      reached('after-send');
    },
  };
}
