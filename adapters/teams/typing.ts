import { readAddress } from './address.js';
import type { Connector } from './connector.js';

/** The three dots, only where an answer takes long enough to be missed: most are there before them. */
export interface Typing {
  start(conversationId: string, address: string): void;
  stop(conversationId: string): void;
  close(): void;
}

const PATIENCE_MS = 700;

export function createTyping(connector: Connector): Typing {
  const timers = new Map<string, NodeJS.Timeout>();
  const stop = (conversationId: string) => {
    clearTimeout(timers.get(conversationId));
    timers.delete(conversationId);
  };
  return {
    start(conversationId, address) {
      stop(conversationId);
      const show = () => {
        timers.delete(conversationId);
        const to = readAddress(address);
        if (to.conversationId !== '') connector.post(to, { type: 'typing' }).catch(() => undefined);
      };
      timers.set(conversationId, setTimeout(show, PATIENCE_MS).unref());
    },
    stop,
    close() {
      for (const conversationId of [...timers.keys()]) stop(conversationId);
    },
  };
}
