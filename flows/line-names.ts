import type { Choice, Screen } from '../bot/conversation/flow.js';
import type { Turn } from '../bot/conversation/turn.js';
import { type Hindrance, hindranceOf } from '../bot/domain/link.js';
import type { Line } from '../bot/domain/subscriber.js';
import type { Localized } from '../bot/i18n/localized.js';
import { lastDigits } from '../bot/identity/number.js';
import type { LineLink } from '../bot/ledger/identities.js';
import { leadTo, proveAgain, say, screen } from './screens.js';

/** A line as it is named to whom it belongs: by their own label, and never by its full number. */
export function lineName({ text }: Turn, { line, label }: Pick<LineLink, 'line' | 'label'>): Localized {
  const number = maskedNumber({ text }, line);
  return label === undefined ? number : text.t('line.labelled', { label: text.literal(label), number });
}

/** `•••• 678`; a line known by a token has no number to show. */
export function maskedNumber({ text }: Pick<Turn, 'text'>, { key }: Line): Localized {
  return key.type === 'MSISDN'
    ? text.t('line.number', { digits: text.literal(lastDigits(key.value)) })
    : text.t('line.without-number');
}

/** What is wrong with a link, in a word; `undefined` when nothing is. */
export function lineTrouble({ text, now }: Turn, link: LineLink): Localized | undefined {
  const hindrance = hindranceOf(link, now);
  if (hindrance === undefined || hindrance.kind === 'young') return undefined;
  return text.t(hindrance.kind === 'expired' ? 'line.expired' : 'line.blocked');
}

/** Why nothing can be bought, and what to do about it. */
export function barredScreen(turn: Turn, hindrance: Hindrance): Screen {
  const { text } = turn;
  if (hindrance.kind === 'young') {
    const until = text.dateTime(hindrance.until, turn.now);
    return say(text.t('barred.young-none', { until }), [leadTo(turn, 'balance'), leadTo(turn, 'help')], 'warning');
  }
  return say(whyBarred(turn, hindrance), [...proveAgain(turn), leadTo(turn, 'help')], 'warning');
}

/** The same of a line that has to be named, because the user may have others; `others` are what to do instead. */
export function lostScreen(turn: Turn, link: LineLink, others: readonly Choice[]): Screen {
  const hindrance = hindranceOf(link, turn.now);
  if (hindrance === undefined || hindrance.kind === 'young') return say(lineName(turn, link), others);
  return screen(
    [
      { type: 'heading', text: lineName(turn, link) },
      { type: 'text', text: whyBarred(turn, hindrance), tone: 'warning' },
    ],
    [...proveAgain(turn), ...others, leadTo(turn, 'help')],
  );
}

function whyBarred({ text, identity }: Turn, hindrance: Exclude<Hindrance, { kind: 'young' }>): Localized {
  const ways = identity.ways.length === 0 ? 'none' : 'some';
  return text.t(hindrance.kind === 'expired' ? 'barred.expired' : `barred.${hindrance.reason}`, { ways });
}
