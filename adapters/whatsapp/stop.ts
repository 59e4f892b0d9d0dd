import { LOCALES, phrases } from '../../bot/i18n/index.js';
import { matchKeyword } from '../../bot/message/match.js';
import type { Said } from './parse.js';

/** What ends all alerts in a chat (`flows/welcome.ts`), and what the button of every alert's template carries. */
const STOPS: ReadonlySet<string> = new Set(['stop', 'nudges.off']);

/**
 * Whether somebody asks to be left alone, in the words of any language Refill speaks or with a button: what is too old to be answered
 * is still looked at for this, or whoever said it while we were away would go on getting alerts.
 */
export function asksToStop(said: Said): boolean {
  switch (said.kind) {
    case 'text':
      return LOCALES.some((locale) => matchKeyword(said.text, phrases(locale)) === 'stop');
    case 'press':
      return STOPS.has(said.token.split('~', 1)[0] ?? '');
    case 'hello':
      return false;
  }
}
