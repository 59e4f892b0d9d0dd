import { asListed, type ChatUser } from '../domain/chat-user.js';
import type { Link } from '../ledger/ledger.js';
import { readCsv } from './csv.js';
import { e164 } from './number.js';

/** A line of the file that is right. */
export interface Entry<T> {
  readonly line: number;
  readonly entry: T;
}

/** One that is wrong. Never says what the line holds: a log of problems is no list of numbers. */
export interface Wrong {
  readonly line: number;
  readonly wrong: string;
}

const WHO = ['channel', 'workspace', 'user'] as const;
const COLUMNS = [...WHO, 'msisdn', 'operator'] as const;
type Column = (typeof COLUMNS)[number];
type Cells = Readonly<Record<Column, string>>;

/** A number at an operator: E.164 without `+`. */
export interface NumberedLine {
  readonly operator: string;
  readonly msisdn: string;
}

/** What the lines of a file say. */
export interface Kind<T extends ChatUser> {
  /** The columns it must have; the others of a links file may be there. */
  readonly columns: readonly Column[];
  /** The entry, or what is wrong with the line. */
  readonly read: (cells: Cells) => T | string;
  /** What an entry says of its user: two entries of one user that say different things cannot both be right. */
  readonly says: (entry: T) => string;
}

/** People to link, each with a number. */
export const LINKS: Kind<Link> = {
  columns: COLUMNS,
  read: readLink,
  says: ({ operator, key }) => JSON.stringify([operator, key.value]),
};

/** People to take out of the directory: their numbers do not matter. */
export const USERS: Kind<ChatUser> = { columns: WHO, read: readUser, says: () => '' };

interface Rule {
  readonly test: (text: string) => boolean;
  /** Completes "expected …". */
  readonly expected: string;
}

const rule = (pattern: RegExp, expected: string): Rule => ({ test: (text) => pattern.test(text), expected });
const some = (what: string): Rule => rule(/^[^\p{C}\s]{1,200}$/u, what);

/** What each channel calls a workspace and a user. */
const CHANNELS: Readonly<Record<string, { readonly workspace: Rule; readonly user: Rule }>> = {
  slack: {
    workspace: rule(/^[TE][\w-]{0,199}$/, 'a Slack team id (T…)'),
    user: rule(/^[UW][\w-]{0,199}$/, 'a Slack user id (U… or W…)'),
  },
  teams: {
    workspace: some('the tenant id'),
    user: rule(/^[\da-f-]{8,64}$/i, 'the aadObjectId (a GUID)'),
  },
  web: {
    workspace: rule(/^[^\p{C}]{0,200}$/u, 'at most 200 characters'),
    user: rule(/^[a-z\d-]{1,40}(~[a-z\d]{1,16})?$/, 'a persona (daniel, or daniel~copy)'),
  },
  whatsapp: {
    workspace: some('the phone number id'),
    user: some('the user’s WhatsApp id'),
  },
};

export const CHANNEL_NAMES: readonly string[] = Object.keys(CHANNELS);

const operatorRule = rule(/^[\w-]{1,64}$/, 'letters, digits, - and _');
const NUMBER_EXPECTED = 'a phone number with its country code, as long as that country’s are';

/**
 * Reads the text of a file: CSV with a header naming the columns, in any order. A header that will not do is the only thing that is
 * said of its file.
 */
export async function* readEntries<T extends ChatUser>(
  text: AsyncIterable<string>,
  kind: Kind<T>,
): AsyncIterable<Entry<T> | Wrong> {
  let names: readonly Column[] | undefined;
  for await (const row of readCsv(text)) {
    const { line } = row;
    if (names === undefined) {
      const wrong = 'fault' in row ? row.fault : headerProblem(row.cells, kind.columns);
      if (wrong !== undefined || 'fault' in row) {
        yield { line, wrong: `${wrong}` };
        return;
      }
      names = row.cells.map((name) => name.toLowerCase()) as Column[];
      continue;
    }
    const entry = 'fault' in row ? row.fault : readRow(names, row.cells, kind);
    yield typeof entry === 'string' ? { line, wrong: entry } : { line, entry };
  }
  if (names === undefined) yield { line: 1, wrong: `the file is empty: ${wanted(kind.columns)}` };
}

function wanted(columns: readonly Column[]): string {
  return `the first line must be ${columns.join(',')} (in any order)`;
}

/** Why this header will not do. A file without a header begins with a person: only what looks like a name is repeated. */
function headerProblem(cells: readonly string[], columns: readonly Column[]): string | undefined {
  const names = cells.map((name) => name.toLowerCase());
  const isColumn = (name: string) => COLUMNS.some((column) => column === name);
  if (!names.some(isColumn)) return wanted(columns);
  const shown = (name: string, index: number) => (/^[a-z_ ]{1,30}$/.test(name) ? name : `the ${index + 1}. one`);
  const extra = names.flatMap((name, index) => (isColumn(name) ? [] : [shown(name, index)]));
  if (extra.length > 0) return `unknown column: ${extra.join(', ')}; ${wanted(columns)}`;
  const missing = columns.filter((column) => !names.includes(column));
  if (missing.length > 0) return `missing column: ${missing.join(', ')}; ${wanted(columns)}`;
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  return twice.length > 0 ? `the column ${twice.join(', ')} is there more than once` : undefined;
}

/** The entry, or what is wrong with the line. */
function readRow<T extends ChatUser>(names: readonly Column[], cells: readonly string[], kind: Kind<T>): T | string {
  if (cells.length !== names.length) return `expected ${names.length} cells and found ${cells.length}`;
  return kind.read(Object.fromEntries(names.map((name, index) => [name, cells[index]])) as Cells);
}

/** One entry of the directory, or what is wrong with it; never says what stands there. */
export function readLink(row: Cells): Link | string {
  const channel = row.channel.toLowerCase();
  const user = userProblems(channel, row).filter((problem) => typeof problem === 'string');
  const line = readNumber(row);
  if (user.length > 0 || typeof line === 'string')
    return [...user, ...(typeof line === 'string' ? [line] : [])].join('; ');
  return {
    ...asListed({ channel, workspace: row.workspace, user: row.user }),
    operator: line.operator,
    key: { type: 'MSISDN', value: line.msisdn },
  };
}

/** Whom an entry names, as the directory spells them, or what is wrong with it. */
export function readUser(row: Pick<Cells, 'channel' | 'workspace' | 'user'>): ChatUser | string {
  const channel = row.channel.toLowerCase();
  const problems = userProblems(channel, row).filter((problem) => typeof problem === 'string');
  return problems.length > 0 ? problems.join('; ') : asListed({ ...row, channel });
}

/** A number at an operator, in the one spelling it is kept by (`e164`), or what is wrong with it; never says what stands there. */
export function readNumber(row: NumberedLine): NumberedLine | string {
  const { operator } = row;
  const msisdn = e164(row.msisdn);
  const wrongOperator = broken(operatorRule, row, 'operator');
  if (msisdn !== undefined && wrongOperator === false) return { operator, msisdn };
  const wrongNumber = msisdn === undefined ? expected(row, 'msisdn', NUMBER_EXPECTED) : false;
  return [wrongNumber, wrongOperator].filter((problem) => typeof problem === 'string').join('; ');
}

function userProblems(channel: string, row: Pick<Cells, 'workspace' | 'user'>): (string | false)[] {
  const of = Object.hasOwn(CHANNELS, channel) ? CHANNELS[channel] : undefined;
  if (of === undefined) return [`channel: expected one of ${CHANNEL_NAMES.join(', ')}`];
  return [broken(of.workspace, row, 'workspace'), broken(of.user, row, 'user')];
}

function broken<C extends Column>(rule: Rule, row: Pick<Cells, C>, column: C): string | false {
  return rule.test(row[column]) ? false : expected(row, column, rule.expected);
}

function expected<C extends Column>(row: Pick<Cells, C>, column: C, what: string): string {
  return `${column}: ${row[column] === '' ? 'empty, ' : ''}expected ${what}`;
}
