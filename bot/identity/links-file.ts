import type { Link } from '../ledger/ledger.js';
import { readCsv } from './csv.js';
import { asListed, MSISDN } from './directory.js';

/** Something to say about a line of the file. Never holds what the line holds: a log of problems is no list of numbers. */
export interface Remark {
  readonly line: number;
  readonly text: string;
}

export interface LinksFile {
  readonly links: readonly Link[];
  /** Lines that are wrong. Where there is one, nothing of the file may be imported. */
  readonly problems: readonly Remark[];
  /** Lines that say again what another said. */
  readonly notes: readonly Remark[];
}

const COLUMNS = ['channel', 'workspace', 'user', 'msisdn', 'operator'] as const;
type Column = (typeof COLUMNS)[number];
type Cells = Readonly<Record<Column, string>>;

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

const operatorRule = rule(/^[\w-]{1,64}$/, 'letters, digits, - and _');
const msisdnRule: Rule = {
  test: (text) => MSISDN.test(digitsOf(text)),
  expected: 'a number with its country code, 8 to 15 digits',
};

/** Reads the text of a links file: CSV with a header naming the five columns, in any order. */
export function readLinksFile(text: string): LinksFile {
  const [header, ...rows] = readCsv(text);
  if (header === undefined) return failed(1, `the file is empty: ${WANTED}`);
  if ('fault' in header) return failed(header.line, header.fault);
  const wrong = headerProblem(header.cells);
  if (wrong !== undefined) return failed(header.line, wrong);

  const names = header.cells.map((name) => name.toLowerCase()) as Column[];
  const problems: Remark[] = [];
  const notes: Remark[] = [];
  const seen = new Map<string, { readonly line: number; readonly link: Link }>();
  for (const row of rows) {
    const link = 'fault' in row ? row.fault : readRow(names, row.cells);
    if (typeof link === 'string') {
      problems.push({ line: row.line, text: link });
      continue;
    }
    const who = JSON.stringify([link.channel, link.workspace, link.user]);
    const first = seen.get(who);
    if (first === undefined) seen.set(who, { line: row.line, link });
    else if (sameLine(first.link, link)) notes.push({ line: row.line, text: `says the same as line ${first.line}` });
    else problems.push({ line: row.line, text: `the same user as line ${first.line} with another number or operator` });
  }
  return { links: [...seen.values()].map(({ link }) => link), problems, notes };
}

const WANTED = `the first line must be ${COLUMNS.join(',')} (in any order)`;

function failed(line: number, text: string): LinksFile {
  return { links: [], problems: [{ line, text }], notes: [] };
}

/** Why this header will not do. A file without a header begins with a person: only what looks like a name is repeated. */
function headerProblem(cells: readonly string[]): string | undefined {
  const names = cells.map((name) => name.toLowerCase());
  const isColumn = (name: string) => COLUMNS.some((column) => column === name);
  if (!names.some(isColumn)) return WANTED;
  const shown = (name: string, index: number) => (/^[a-z_ ]{1,30}$/.test(name) ? name : `the ${index + 1}. one`);
  const extra = names.flatMap((name, index) => (isColumn(name) ? [] : [shown(name, index)]));
  if (extra.length > 0) return `unknown column: ${extra.join(', ')}; ${WANTED}`;
  const missing = COLUMNS.filter((column) => !names.includes(column));
  if (missing.length > 0) return `missing column: ${missing.join(', ')}; ${WANTED}`;
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  return twice.length > 0 ? `the column ${twice.join(', ')} is there more than once` : undefined;
}

/** The link, or what is wrong with the line. */
function readRow(names: readonly Column[], cells: readonly string[]): Link | string {
  if (cells.length !== names.length) return `expected ${names.length} cells and found ${cells.length}`;
  const row = Object.fromEntries(names.map((name, index) => [name, cells[index]])) as Cells;
  const channel = row.channel.toLowerCase();
  const of = Object.hasOwn(CHANNELS, channel) ? CHANNELS[channel] : undefined;
  const problems = [
    of === undefined && `channel: expected one of ${Object.keys(CHANNELS).join(', ')}`,
    of !== undefined && broken(of.workspace, row, 'workspace'),
    of !== undefined && broken(of.user, row, 'user'),
    broken(msisdnRule, row, 'msisdn'),
    broken(operatorRule, row, 'operator'),
  ].filter((problem) => typeof problem === 'string');
  if (problems.length > 0) return problems.join('; ');
  return {
    ...asListed({ channel, workspace: row.workspace, user: row.user }),
    operator: row.operator,
    key: { type: 'MSISDN', value: digitsOf(row.msisdn) },
  };
}

function broken({ test, expected }: Rule, row: Cells, column: Column): string | false {
  if (test(row[column])) return false;
  return `${column}: ${row[column] === '' ? 'empty, ' : ''}expected ${expected}`;
}

/** `+60 12-345 6789` without what people put between digits. */
function digitsOf(msisdn: string): string {
  return msisdn.replace(/^\+/, '').replace(/[\s\p{Pd}]/gu, '');
}

function sameLine(a: Link, b: Link): boolean {
  return a.operator === b.operator && a.key.value === b.key.value;
}
