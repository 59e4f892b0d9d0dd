import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { runCommand, withLedger } from './command-line.js';
import type { ChatUser } from './domain/chat-user.js';
import { SIGNALLED, type Signal } from './domain/link.js';
import { RefillError } from './errors.js';
import { CHANNEL_NAMES, type Kind, LINKS, readUser, USERS } from './identity/links-file.js';
import { checkFile, inBatches, type Progress, type Remarks } from './identity/links-import.js';
import { linksTable } from './identity/links-list.js';
import { applySignal, readNumbers, type Said } from './identity/signals.js';
import { openTextFile } from './identity/text-file.js';
import type { Ledger } from './ledger/ledger.js';

const HELP = `Links chat users to phone numbers, on the operator's word.

Usage: npm run links -- import FILE.csv [--dry-run] [--progress]
       npm run links -- remove FILE.csv [--dry-run] [--progress]
       npm run links -- remove --channel CHANNEL [--workspace ID] --user ID
       npm run links -- relist --channel CHANNEL [--workspace ID] [--user ID] [< ID]
       npm run links -- list [--channel CHANNEL [[--workspace ID] --user ID]]
       npm run links -- block --operator OPERATOR --reason sim-swap|recycled|operator [--at INSTANT] < NUMBERS
       npm run links -- unblock --operator OPERATOR --reason sim-swap|recycled|operator < NUMBERS

FILE.csv begins with the line channel,workspace,user,msisdn,operator; the columns may come in any order.
  slack     workspace: team id        user: user id
  teams     workspace: tenant id      user: aadObjectId
  web       workspace: empty          user: persona
  whatsapp  workspace: phone number id  user: WhatsApp id
  msisdn    with its country code and as long as that country’s are; spaces, dashes and a leading + are allowed

import  Everything is imported, or, when one line is wrong, nothing; the wrong lines are listed. A user who is linked already
        gets the new number. What a user gave up in the chat is not brought back.
remove  Takes users out of the directory; what they proved themselves stays. Its file needs the columns channel,workspace,user
        only. Who has no link is passed over.
relist  Somebody who asked to be forgotten has asked to be known again: the next import may link them. One person at a time, on
        their own wish, which is noted. Without --user the id is read from standard input: shells remember arguments.
list    One link a line, with tabs between the columns; of a number the last three digits are shown.
block   What the operator says of a SIM: after a sim-swap nothing can be bought until the number is proved again, for the other
        reasons nothing can be seen either. Everyone who linked it is told. NUMBERS has one number a line; all are checked first.
        --at says when it happened (2026-11-21T10:00:00Z), now if left out: what was proved since then stays as it is.
unblock Takes that reason back: it was a mistake. What was said for another reason, or by a user, stays as it is.

--dry-run only checks the file. --progress says how far it is. A file may be as large as it likes: it is read twice, once to
check it and once to write a thousand lines at a time. When a store fails in between, do it again: what is done stays.
The stores are those of npm start, from the same environment.
`;

const USAGE =
  'Usage: npm run links -- import FILE.csv [--dry-run] [--progress] | remove FILE.csv|--user ID … | relist | list | block | unblock; --help says more';
/** Lines between two words of progress. */
const CHECKED_EVERY = 100_000;
const WRITTEN_EVERY = 10_000;

/** What was asked for cannot be done, in words for the person who asked. */
class LinksError extends RefillError {
  readonly code = 'LINKS';
}

await runCommand(() => main(process.argv.slice(2)));

async function main(args: string[]): Promise<void> {
  const { values, positionals } = read(args);
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  await commandOf(positionals, values)();
}

type Values = ReturnType<typeof read>['values'];
type Command = () => Promise<void>;

function read(args: string[]) {
  const options = {
    help: { type: 'boolean', short: 'h', default: false },
    'dry-run': { type: 'boolean' },
    progress: { type: 'boolean' },
    channel: { type: 'string' },
    workspace: { type: 'string' },
    user: { type: 'string' },
    operator: { type: 'string' },
    reason: { type: 'string' },
    at: { type: 'string' },
  } as const;
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (cause) {
    throw new LinksError(USAGE, { cause });
  }
}

/** The command, its arguments checked before anything is opened. An option that is not its own is a mistake. */
function commandOf([command, file, ...rest]: string[], values: Values): Command {
  const whole = ['dry-run', 'progress'];
  const only = (...allowed: string[]) =>
    rest.length === 0 && Object.keys(values).every((name) => name === 'help' || allowed.includes(name));
  if (command === 'import' && file !== undefined && only(...whole)) return () => importFile(file, values);
  if (command === 'remove' && file !== undefined && only(...whole)) return () => removeFile(file, values);
  if (command === 'remove' && file === undefined && only('channel', 'workspace', 'user')) {
    const who = userOf(values);
    return () => removeUser(who);
  }
  if (command === 'relist' && file === undefined && only('channel', 'workspace', 'user')) return () => relist(values);
  if (command === 'list' && file === undefined && only('channel', 'workspace', 'user')) return listOf(values);
  if (command === 'block' && file === undefined && only('operator', 'reason', 'at'))
    return signalOf(values, { what: command, reason: reasonOf(values), at: instantOf(values) });
  if (command === 'unblock' && file === undefined && only('operator', 'reason'))
    return signalOf(values, { what: command, reason: reasonOf(values) });
  throw new LinksError(USAGE);
}

async function importFile(path: string, values: Values): Promise<void> {
  const source = basename(path);
  let suppressed = 0;
  await fromFile(path, LINKS, values, {
    command: 'import',
    done: 'imported',
    noun: 'links',
    counted: 'new',
    save: (ledger) => async (links) => {
      suppressed += await ledger.countSuppressed(links);
      return ledger.saveLinks(links, source);
    },
  });
  if (suppressed > 0) process.stdout.write(`${suppressed} asked to be forgotten and were passed over\n`);
}

async function removeFile(path: string, values: Values): Promise<void> {
  const source = basename(path);
  await fromFile(path, USERS, values, {
    command: 'remove',
    done: 'removed',
    noun: 'users',
    counted: 'removed',
    save: (ledger) => (users) => ledger.unlinkListed(users, source),
  });
}

interface Work<T> {
  readonly command: string;
  readonly done: string;
  readonly noun: string;
  readonly counted: string;
  readonly save: (ledger: Ledger) => (entries: readonly T[]) => Promise<number>;
}

/** Checks the whole file before a store is opened, then reads it again and writes. */
async function fromFile<T extends ChatUser>(path: string, kind: Kind<T>, values: Values, work: Work<T>): Promise<void> {
  const { command, done, noun, counted } = work;
  const progress = (word: string, every: number) => (values.progress ? told(word, every) : undefined);
  const file = await openTextFile(path);
  try {
    const checking = progress('lines checked', CHECKED_EVERY);
    const { users, problems, notes } = await checkFile(file.pieces(), kind, checking && { progress: checking });
    process.stderr.write(said(notes));
    if (problems.count > 0) {
      const what = problems.count === 1 ? '1 line is wrong' : `${problems.count} lines are wrong`;
      throw new LinksError(`${said(problems)}${what}: nothing was ${done}`);
    }
    if (values['dry-run']) {
      process.stdout.write(`${users} ${noun}, none ${done} (dry run)\n`);
      return;
    }
    await inLedger(command, async (ledger) => {
      const count = await inBatches(file, kind, work.save(ledger), progress(`of ${users} ${noun}`, WRITTEN_EVERY));
      process.stdout.write(`${users} ${noun}, ${count} ${counted}\n`);
    });
  } finally {
    await file.close();
  }
}

function said({ first, count }: Remarks): string {
  const more = count > first.length ? `and ${count - first.length} more\n` : '';
  return first.map(({ line, text }) => `line ${line}: ${text}\n`).join('') + more;
}

function told(word: string, every: number): Progress {
  return (done) => void (done % every === 0 && process.stderr.write(`${done} ${word}\n`));
}

async function removeUser(who: ChatUser): Promise<void> {
  await inLedger('remove', async (ledger) => {
    const removed = await ledger.unlinkListed([who], 'command');
    process.stdout.write(removed === 0 ? 'nothing removed: the directory has no such user\n' : '1 user removed\n');
  });
}

/** A WhatsApp user's id may be a number: then it comes on standard input. */
async function relist(values: Values): Promise<void> {
  const user = values.user ?? (await text(process.stdin)).trim();
  const who = userOf({ ...values, user });
  await inLedger('relist', async (ledger) => {
    const lifted = await ledger.allowListing(who, 'command');
    process.stdout.write(lifted ? '1 user may be listed again\n' : 'nothing changed: no list passes this user over\n');
  });
}

function listOf(values: Values): Command {
  const { workspace, user } = values;
  const channel = values.channel?.toLowerCase();
  if (workspace !== undefined && user === undefined) throw new LinksError('--workspace goes with --user');
  if (user === undefined && channel !== undefined && !CHANNEL_NAMES.includes(channel))
    throw new LinksError(`--channel: expected one of ${CHANNEL_NAMES.join(', ')}`);
  const which = user !== undefined ? { who: userOf(values) } : channel === undefined ? {} : { channel };
  return () =>
    inLedger('list', async (ledger) => {
      const table = Readable.from(linksTable(ledger, which, new Date()));
      await pipeline(table, process.stdout, { end: false }).catch((error: NodeJS.ErrnoException) => {
        // `| head` has seen enough.
        if (error.code !== 'EPIPE') throw error;
      });
    });
}

function userOf({ channel = '', workspace = '', user = '' }: Values): ChatUser {
  const who = readUser({ channel, workspace, user });
  if (typeof who === 'string') throw new LinksError(who.replace(/(^|; )(?=channel|workspace|user)/g, '$1--'));
  return who;
}

function reasonOf({ reason }: Values): Signal {
  const known = SIGNALLED.find((signal) => signal === reason);
  if (known === undefined) throw new LinksError(`--reason: expected one of ${SIGNALLED.join(', ')}`);
  return known;
}

function instantOf({ at }: Values): Date | undefined {
  if (at === undefined) return undefined;
  const { success, data } = z.iso.datetime({ offset: true }).safeParse(at);
  if (!success) throw new LinksError('--at: expected an instant like 2026-11-21T10:00:00Z');
  return new Date(data);
}

/** Numbers come on standard input: arguments are remembered by shells and shown by `ps`. */
function signalOf({ operator = '' }: Values, signal: Omit<Said, 'by'>): Command {
  return async () => {
    const { lines, problems } = readNumbers(await text(process.stdin), operator);
    if (problems.count > 0 || lines.length === 0)
      throw new LinksError(`${said(problems)}${lines.length === 0 ? 'no number to go by' : 'nothing was changed'}`);
    await inLedger(signal.what, async (ledger) => {
      let links = 0;
      for (const line of lines) links += (await applySignal(ledger, line, { ...signal, by: 'command' })).links;
      process.stdout.write(`${lines.length} numbers, ${links} links ${signal.what}ed\n`);
    });
  };
}

function inLedger(command: string, use: (ledger: Ledger) => Promise<void>): Promise<void> {
  const taken =
    'Refill is running and has the embedded database open, which takes one process at a time: stop it, ' +
    `${command}, and start it again. With DATABASE_URL both can run at once.`;
  return withLedger(use, { taken });
}
