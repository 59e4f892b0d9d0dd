import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from './config.js';
import { RefillError } from './errors.js';
import { type LinksFile, type Remark, readLinksFile } from './identity/links-file.js';
import { checkKey, createLedger } from './ledger/index.js';
import type { Link } from './ledger/ledger.js';
import { createLog } from './log.js';
import { createVault, loadKey } from './secrets.js';
import { StoreInUse } from './stores/errors.js';
import { openPostgres } from './stores/postgres.js';

const HELP = `Links chat users to phone numbers, on the operator's word.

Usage: npm run links -- import FILE.csv [--dry-run]

FILE.csv begins with the line channel,workspace,user,msisdn,operator; the columns may come in any order.
  slack     workspace: team id        user: user id
  teams     workspace: tenant id      user: aadObjectId
  web       workspace: empty          user: persona
  whatsapp  workspace: phone number id  user: WhatsApp id
  msisdn    with country code, 8 to 15 digits; spaces, dashes and a leading + are allowed

Everything is imported, or, when one line is wrong, nothing; the wrong lines are listed. A user who is linked already gets
the new number. --dry-run only checks the file. The stores are those of npm start, from the same environment.
`;

/** The largest file that is read, in bytes. */
const MAX_BYTES = 100 * 1024 * 1024;
/** How long one statement of an import may take: it writes a thousand rows. */
const ANSWER_WITHIN_MS = 5000;

/** What was asked for cannot be done, in words for the person who asked. */
class LinksError extends RefillError {
  readonly code = 'LINKS';
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof RefillError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

async function main(args: string[]): Promise<void> {
  const { help, dryRun, file } = readArguments(args);
  if (help) {
    process.stdout.write(HELP);
    return;
  }
  const found = readLinksFile(await readText(file));
  report(found);
  if (dryRun) {
    process.stdout.write(`${found.links.length} links, none imported (dry run)\n`);
    return;
  }
  const added = await save(found.links, basename(file));
  process.stdout.write(`${found.links.length} links, ${added} new\n`);
}

function readArguments(args: string[]): { help: boolean; dryRun: boolean; file: string } {
  const usage = (cause?: unknown) =>
    new LinksError('Usage: npm run links -- import FILE.csv [--dry-run]; --help says more', { cause });
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (cause) {
    throw usage(cause);
  }
  const { values, positionals } = parsed;
  const [command, file, ...rest] = positionals;
  if (values.help) return { help: true, dryRun: false, file: '' };
  if (command !== 'import' || file === undefined || rest.length > 0) throw usage();
  return { help: false, dryRun: values['dry-run'], file };
}

function parse(args: string[]) {
  const options = {
    help: { type: 'boolean', short: 'h', default: false },
    'dry-run': { type: 'boolean', default: false },
  } as const;
  return parseArgs({ args, options, allowPositionals: true });
}

async function readText(file: string): Promise<string> {
  let bytes: Buffer;
  try {
    const { size } = await stat(file);
    if (size > MAX_BYTES) throw new LinksError(`${file} is larger than 100 MB: import it in parts`);
    bytes = await readFile(file);
  } catch (cause) {
    if (cause instanceof LinksError) throw cause;
    throw new LinksError(`${file} cannot be read (${(cause as NodeJS.ErrnoException).code})`, { cause });
  }
  try {
    // Drops a byte order mark.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new LinksError(`${file} is not UTF-8 text: save it as "CSV UTF-8"`, { cause });
  }
}

/** Says what there is to say about the file. Throws `LinksError` when it must not be imported. */
function report({ problems, notes }: LinksFile): void {
  const lines = (remarks: readonly Remark[]) => remarks.map(({ line, text }) => `line ${line}: ${text}\n`).join('');
  process.stderr.write(lines(notes));
  if (problems.length === 0) return;
  const what = problems.length === 1 ? '1 line is wrong' : `${problems.length} lines are wrong`;
  throw new LinksError(`${lines(problems)}${what}: nothing was imported`);
}

/** How many were new. */
async function save(links: readonly Link[], source: string): Promise<number> {
  const { dataDir, databaseUrl, key } = loadConfig(process.env);
  const vault = createVault(loadKey(dataDir, key));
  const settings = { url: databaseUrl, dataDir, log: createLog('silent'), answerWithinMs: ANSWER_WITHIN_MS };
  const database = await openPostgres(settings).catch(explain);
  const ledger = createLedger(database, vault);
  try {
    await checkKey(database, vault);
    return await ledger.saveLinks(links, source);
  } finally {
    await ledger.close();
  }
}

function explain(cause: unknown): never {
  if (!(cause instanceof StoreInUse)) throw cause;
  throw new LinksError(
    'Refill is running and has the embedded database open, which takes one process at a time: stop it, import, and start ' +
      'it again. With DATABASE_URL both can run at once.',
    { cause },
  );
}
