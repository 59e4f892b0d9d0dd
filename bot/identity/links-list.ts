import { hindranceOf } from '../domain/link.js';
import type { DirectoryLedger, LinksPage, ListedLink } from '../ledger/directory.js';
import { lastDigits } from './number.js';

/** Links of one statement. */
const PAGE = 500;
/** Whatever may be somebody's number, right or wrong: it is not shown. */
const NUMBER = /^\+?\d{8,15}$/;
const HEADER = ['channel', 'workspace', 'user', 'number', 'operator', 'proved by', 'state', 'since', 'source'];

/** All links as lines of a table with tabs, a page at a time. No number is shown: its last three digits are. */
export async function* linksTable(
  ledger: Pick<DirectoryLedger, 'listLinks'>,
  which: Pick<LinksPage, 'channel' | 'who'>,
  now: Date,
): AsyncIterable<string> {
  yield `${HEADER.join('\t')}\n`;
  for (let after: string | undefined; ; ) {
    const page = await ledger.listLinks({ ...which, limit: PAGE, ...(after !== undefined && { after }) });
    if (page.length > 0) yield page.map((link) => `${cellsOf(link, now).map(plain).join('\t')}\n`).join('');
    if (page.length < PAGE) return;
    after = page.at(-1)?.place;
  }
}

function cellsOf(link: ListedLink, now: Date): string[] {
  const { channel, workspace, user, line, method, source, provedAt } = link;
  // A WhatsApp user is known by their number, or by an id that is none.
  const name = NUMBER.test(user) && channel === 'whatsapp' ? masked(user) : user;
  const number = line.key.type === 'MSISDN' ? masked(line.key.value) : line.key.type;
  return [channel, workspace, name, number, line.operator, method, stateOf(link, now), day(provedAt), source];
}

function stateOf(link: ListedLink, now: Date): string {
  const hindrance = hindranceOf(link, now);
  return hindrance?.kind === 'blocked' ? `blocked (${hindrance.reason})` : (hindrance?.kind ?? 'active');
}

/** Nothing is left of a number that was erased. */
function masked(number: string): string {
  return `•••• ${lastDigits(number)}`.trim();
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/** A file's name is whatever somebody called it: it shall move no cursor. */
function plain(cell: string): string {
  return cell.replace(/\p{C}/gu, '?');
}
