import { parseArgs } from 'node:util';
import { CLIENT_ID } from './access/clients.js';
import { addKey } from './access/key-ring.js';
import { isScope, SCOPES, type Scope } from './access/scopes.js';
import { hashSecret, newSecret } from './access/secrets.js';
import { runCommand, withLedger } from './command-line.js';
import { RefillError } from './errors.js';
import type { Client } from './ledger/access.js';
import type { Ledger } from './ledger/ledger.js';

const HELP = `Manages the systems that may call Refill: they fetch a token from /oauth/token with their id and secret.

Usage: npm run clients -- COMMAND [--json]

  add ID --scopes LIST [--expires DATE]   a new client; prints its secret, once
  list                                    all of them; never a secret
  rotate ID [--grace TIME]                a new secret, printed once; the old one stays valid for 7d, or TIME (30m, 24h, 0)
  disable ID, enable ID                   refuses its secret and, within 15 seconds, its tokens; takes that back
  remove ID                               for good
  new-key [--now]                         another key to sign tokens with, published now and used in an hour;
                                          --now: used at once, and all tokens signed so far are refused within a minute

Scopes: ${SCOPES.join(', ')}. DATE is like 2027-01-31; the client ends when that day begins, UTC.
The stores are those of npm start, from the same environment. What is printed with --json is one JSON document.
`;

const USAGE = 'Usage: npm run clients -- add|list|rotate|disable|enable|remove|new-key …; --help says more';
const DEFAULT_GRACE_MS = 7 * 24 * 3_600_000;
const AN_HOUR_MS = 3_600_000;
const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: AN_HOUR_MS, d: 24 * AN_HOUR_MS };

/** What was asked for cannot be done, in words for the person who asked. */
class ClientsError extends RefillError {
  readonly code = 'CLIENTS';
}

/** What a command says: to people, and as JSON. */
interface Said {
  readonly text: string;
  readonly json: unknown;
}

await runCommand(() => main(process.argv.slice(2)));

async function main(args: string[]): Promise<void> {
  const { values, positionals } = read(args);
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const command = commandOf(positionals, values);
  const said = await withLedger(command);
  process.stdout.write(values.json ? `${JSON.stringify(said.json)}\n` : `${said.text}\n`);
}

type Values = ReturnType<typeof read>['values'];
type Command = (ledger: Ledger) => Promise<Said>;

function read(args: string[]) {
  const options = {
    help: { type: 'boolean', short: 'h', default: false },
    json: { type: 'boolean', default: false },
    scopes: { type: 'string' },
    expires: { type: 'string' },
    grace: { type: 'string' },
    now: { type: 'boolean', default: false },
  } as const;
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (cause) {
    throw new ClientsError(USAGE, { cause });
  }
}

/** The command, its arguments checked before a store is opened. An option that is not its own is a mistake. */
function commandOf([command = '', ...rest]: string[], values: Values): Command {
  const { scopes, expires, grace, now } = values;
  const given = Object.entries({ scopes, expires, grace, now: now || undefined }).flatMap(([name, value]) =>
    value === undefined ? [] : [name],
  );
  const only = (count: number, ...allowed: string[]) => {
    if (rest.length !== count || given.some((name) => !allowed.includes(name))) throw new ClientsError(USAGE);
    return count === 0 ? '' : idOf(rest[0] ?? '');
  };
  switch (command) {
    case 'add':
      return add(only(1, 'scopes', 'expires'), scopesOf(scopes), expires === undefined ? undefined : dateOf(expires));
    case 'list':
      only(0);
      return list;
    case 'rotate':
      return rotate(only(1, 'grace'), grace === undefined ? DEFAULT_GRACE_MS : durationOf(grace));
    case 'disable':
    case 'enable':
      return able(only(1), command === 'disable');
    case 'remove':
      return remove(only(1));
    case 'new-key':
      only(0, 'now');
      return newKey(now);
    default:
      throw new ClientsError(USAGE);
  }
}

function add(id: string, scopes: readonly Scope[], expiresAt: Date | undefined): Command {
  return async (ledger) => {
    const secret = newSecret();
    const client = { id, scopes, ...(expiresAt !== undefined && { expiresAt }) };
    if (!(await ledger.addClient(client, hashSecret(secret))))
      throw new ClientsError(`there is a client ${id} already`);
    return { text: once(id, secret), json: { ...client, secret } };
  };
}

async function list(ledger: Ledger): Promise<Said> {
  const clients = await ledger.clients();
  const json = clients.map(({ secrets, ...client }) => ({
    ...client,
    secrets: secrets.map(({ createdAt, expiresAt }) => ({ createdAt, ...(expiresAt && { expiresAt }) })),
  }));
  return { text: clients.length === 0 ? 'no clients' : clients.map(line).join('\n'), json };
}

function line({ id, scopes, disabledAt, expiresAt, secrets }: Client): string {
  const day = (date: Date) => date.toISOString().slice(0, 16).replace('T', ' ');
  const old = secrets.find((secret) => secret.expiresAt !== undefined)?.expiresAt;
  const facts = [
    scopes.join(' ') || 'no scopes',
    disabledAt && `disabled ${day(disabledAt)}`,
    expiresAt && `ends ${day(expiresAt)}`,
    old && `an older secret is valid until ${day(old)}`,
  ];
  return [id, ...facts.filter(Boolean)].join(' · ');
}

function rotate(id: string, graceMs: number): Command {
  return async (ledger) => {
    const secret = newSecret();
    mustExist(await ledger.rotateClientSecret(id, hashSecret(secret), graceMs), id);
    return { text: once(id, secret), json: { id, secret } };
  };
}

function able(id: string, disabled: boolean): Command {
  return async (ledger) => {
    mustExist(await ledger.setClientDisabled(id, disabled), id);
    return { text: `${id} is ${disabled ? 'disabled' : 'enabled'}`, json: { id, disabled } };
  };
}

function remove(id: string): Command {
  return async (ledger) => {
    mustExist(await ledger.removeClient(id), id);
    return { text: `${id} is removed`, json: { id, removed: true } };
  };
}

function newKey(now: boolean): Command {
  return async (ledger) => {
    const newest = (await ledger.signingKeys()).at(-1)?.generation ?? 0;
    const generation = newest + 1;
    // The first key of all has nobody to be announced to.
    const signsInMs = now || newest === 0 ? 0 : AN_HOUR_MS;
    if (!(await addKey(ledger, { generation, signsInMs })))
      throw new ClientsError('another process made a new key in the same moment: look again');
    if (now) await ledger.removeSigningKeysBefore(generation);
    const when = signsInMs === 0 ? 'from now on' : 'in an hour';
    return { text: `key ${generation} signs ${when}`, json: { generation, signsInMs } };
  };
}

function once(id: string, secret: string): string {
  return `client_id      ${id}\nclient_secret  ${secret}\n\nThe secret is shown this once and cannot be read again.`;
}

function mustExist(found: boolean, id: string): void {
  if (!found) throw new ClientsError(`there is no client ${id}`);
}

function idOf(id: string): string {
  if (CLIENT_ID.test(id)) return id;
  throw new ClientsError('a client’s id has 1 to 64 letters, digits, dots, dashes and underscores');
}

function scopesOf(list: string | undefined): readonly Scope[] {
  const names = list?.split(/[\s,]+/).filter((name) => name !== '') ?? [];
  const scopes = names.filter(isScope);
  if (scopes.length === names.length && scopes.length > 0) return [...new Set(scopes)];
  throw new ClientsError(`--scopes: expected some of ${SCOPES.join(', ')}`);
}

function dateOf(text: string): Date {
  const date = /^\d{4}-\d{2}-\d{2}$/.test(text) ? new Date(`${text}T00:00:00Z`) : new Date(Number.NaN);
  // JavaScript takes the 31st of February for the 3rd of March.
  if (!Number.isNaN(date.getTime()) && date.toISOString().startsWith(text) && date > new Date()) return date;
  throw new ClientsError('--expires: expected a day to come, like 2027-01-31');
}

function durationOf(text: string): number {
  const [, number, unit = 'm'] = /^(\d{1,4})([mhd])?$/.exec(text) ?? [];
  if (number !== undefined && (text === '0' || /[mhd]$/.test(text))) return Number(number) * (UNITS_MS[unit] ?? 0);
  throw new ClientsError('--grace: expected a time like 30m, 24h or 7d, or 0');
}
