import type { Message } from '../../../bot/message/message.js';
import { bodyLines } from '../body.js';
import { fit as shortened } from '../text.js';

/** What WhatsApp's own clients send at most, in UTF-16 units. */
export const MAX_TEXT = 65_536;

const NOTHING_ELSEWHERE = { blocks: new Set<never>(), numbered: () => true } as const;

/**
 * A message as one text with a numbered menu: on WhatsApp Web nothing else arrives, buttons and lists least of all
 * (wwebjs/whatsapp-web.js#1250). `chooseByNumber` is the adapter's own line below a menu.
 */
export function render(message: Message, chooseByNumber: string): string {
  const hint = message.actions.length === 0 ? '' : `\n\n_${chooseByNumber}_`;
  return shortened(bodyLines(message, NOTHING_ELSEWHERE), MAX_TEXT - hint.length) + hint;
}
