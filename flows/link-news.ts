import { z } from 'zod';
import { done, flow, type Screen, silent } from '../bot/conversation/flow.js';
import type { Turn } from '../bot/conversation/turn.js';
import { hindranceOf } from '../bot/domain/link.js';
import type { LineLink } from '../bot/ledger/identities.js';
import type { OutboxItem } from '../bot/ledger/ledger.js';
import { lineName, lostScreen, maskedNumber } from './line-names.js';
import { placeName } from './lines.js';
import { linkedScreen } from './link.js';
import { leadTo, menuChoices, say } from './screens.js';

/**
 * What is owed because of who somebody is: word to the first user of a line that a second one linked it, and word of what became
 * of one's own link outside of the chat (proved on a page, blocked by a signal).
 */
export const linkNews = flow({
  name: 'link-news',
  version: 1,
  state: z.null(),
  entries: { 'link-notice': 'system', 'link-news': 'system' },
  whenStale: { name: 'lines' },
  needsLine: false,
  async begin(turn, { slots }) {
    const item = await turn.ledger.outboxItem(slots?.['ref'] ?? '');
    if (item === undefined || item.done) return silent();
    turn.afterSend(async (outcome) => {
      if (outcome === 'replied') await turn.ledger.finishOutbox(item.id);
      if (outcome !== 'waits') return;
      turn.remember({ owed: true });
      await turn.ledger.awaitUser(item.id);
    });
    const said = item.kind === 'link-notice' ? await noticeScreen(turn, item) : await newsScreen(turn, item);
    return said === undefined ? silent() : done(said);
  },
  steps: {},
});

/** Somebody else has one's line now. Nothing to say when that is over already. */
async function noticeScreen(turn: Turn, { subject }: OutboxItem): Promise<Screen | undefined> {
  const { text, identity } = turn;
  const [linkId = ''] = subject.split(':');
  const found = await identity.newcomer(linkId);
  if (found === undefined || found.link.mine || found.link.state !== 'active') return undefined;
  const words = { line: maskedNumber(turn, found.line), channel: text.literal(placeName(found.link.channel)) };
  return {
    ...say(
      text.t('notice.linked', words),
      [
        { label: text.t('choice.was-me'), intent: { name: 'link.mine' } },
        {
          label: text.t('choice.was-not-me'),
          intent: { name: 'link.object', slots: { link: linkId } },
          style: 'danger',
        },
      ],
      'warning',
    ),
    notice: { name: 'link_notice', values: [] },
    validForMs: OBJECT_WITHIN_MS,
  };
}

/** People read such news late; the lines' own page has no end. */
const OBJECT_WITHIN_MS = 7 * 86_400_000;

async function newsScreen(turn: Turn, { subject }: OutboxItem): Promise<Screen | undefined> {
  const { now, identity } = turn;
  const user = await identity.user();
  const link = user?.links.find(({ id }) => id === subject);
  if (link === undefined) return undefined;
  const hindrance = hindranceOf(link, now);
  if (hindrance === undefined || hindrance.kind === 'young') {
    const came = (await turn.ledger.linkEvents(link.id)).findLast(({ what }) => CAME_BY.has(what));
    if (came?.what === 'unblocked') return againScreen(turn, link);
    return { ...(await linkedScreen(turn, link)), choices: menuChoices(turn).slice(0, 3) };
  }
  const others = { label: turn.text.t('choice.my-lines'), intent: { name: 'lines' } };
  return { ...lostScreen(turn, link, [others]), notice: { name: 'link_blocked', values: [] } };
}

/** What a link that stands may stand by. */
const CAME_BY: ReadonlySet<string> = new Set(['linked', 'proved', 'unblocked']);

/** A signal was taken back: the line is as it was, and the chat is about whichever it was about. */
function againScreen(turn: Turn, link: LineLink): Screen {
  const { text, identity } = turn;
  const line = lineName(turn, link);
  const use = {
    label: text.t('choice.use-instead', { line }),
    intent: { name: 'lines.use', slots: { link: link.id } },
  };
  const current = identity.link?.line.id === link.line.id;
  return say(text.t('lines.again', { line }), [...(current ? [] : [use]), ...menuChoices(turn).slice(0, 2)], 'success');
}

/** The answer to the news that somebody linked one's line. */
export const linkAnswer = flow({
  name: 'link-answer',
  version: 1,
  state: z.null(),
  entries: { 'link.mine': 'aside', 'link.object': 'pick' },
  whenStale: { name: 'lines' },
  needsLine: false,
  async begin(turn, { name, slots }) {
    const { text, identity } = turn;
    if (name === 'link.mine') return done(say(text.t('notice.thanks'), menuChoices(turn).slice(0, 3)));
    const removed = await identity.object(slots?.['link'] ?? '');
    const lines = { label: text.t('choice.my-lines'), intent: { name: 'lines' } };
    return done(say(text.t(removed ? 'notice.removed' : 'notice.gone'), [lines, leadTo(turn, 'menu')]));
  },
  steps: {},
});
