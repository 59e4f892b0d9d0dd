import { parseArgs } from 'node:util';
import { runCommand, withLedger } from './command-line.js';
import { RefillError } from './errors.js';
import type { Ledger } from './ledger/ledger.js';

const HELP = `Purchases nobody knows the end of, and other work for a person.

Usage: npm run purchases -- tasks                                            what waits for a person
       npm run purchases -- show PURCHASE                                    one purchase and its audit trail
       npm run purchases -- resolve PURCHASE completed|failed --note TEXT [--code CODE]
       npm run purchases -- close TASK --note TEXT                           any other task: it was seen to
       npm run purchases -- stray                                            callbacks that fit no purchase
       npm run purchases -- withdrawals                                      lines that a telco has yet to be told were given up
       npm run purchases -- withdrawn WITHDRAWAL                             the telco knows: what was kept to tell it goes

resolve says what the operator's own books say: completed only where the charge was found there, failed only where it is
certain that there is none and will be none. The subscriber gets the receipt, or hears that nothing was charged, within
seconds of a running Refill. --code is the operator's receipt code. The note is kept, sealed, with the purchase.
withdrawals prints whole numbers: whoever asks the telco to end its notifications about them has to name them.
The stores are those of npm start, from the same environment.
`;

const MOST = 200;

/** What was asked for cannot be done, in words for the person who asked. */
class PurchasesError extends RefillError {
  readonly code = 'PURCHASES';
}

async function main(args: string[]): Promise<void> {
  const { values, positionals } = read(args);
  const [command, ...rest] = positionals;
  if (values.help || command === undefined) {
    process.stdout.write(HELP);
    return;
  }
  const run = COMMANDS[command];
  if (run === undefined) throw usage();
  const lines = await withLedger((ledger) => run(ledger, rest, values));
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}

interface Values {
  readonly note?: string | undefined;
  readonly code?: string | undefined;
}

type Command = (ledger: Ledger, args: readonly string[], values: Values) => Promise<readonly string[]>;

const COMMANDS: Readonly<Record<string, Command>> = {
  async tasks(ledger) {
    const tasks = await ledger.openTasks(MOST);
    if (tasks.length === 0) return ['nothing waits for a person'];
    return tasks.map(({ id, kind, subject, about, openedAt }) =>
      [openedAt.toISOString(), kind, subject, about, `task ${id}`].join('  '),
    );
  },

  async show(ledger, [id = '']) {
    const purchase = await ledger.purchase(id.toLowerCase());
    if (purchase === undefined) throw new PurchasesError(`there is no purchase ${id}`);
    const { terms, state, posts, confirmationCode = '-', failure = '-' } = purchase;
    const price = `${terms.price.amount} ${terms.price.currency} from the ${terms.fundSource}`;
    const head = `${purchase.id}  ${state}  ${terms.planId}  ${price}  orders ${posts}  code ${confirmationCode}  failure ${failure}`;
    const moves = await ledger.purchaseMoves(purchase.id);
    const trail = moves.map(({ at, event, by = '-', said, note, state: to }) =>
      [at.toISOString(), `${event} → ${to}`, `by ${by}`, said, note && `note: ${note}`].filter(Boolean).join('  '),
    );
    return [head, ...trail];
  },

  async resolve(ledger, [id = '', outcome = ''], { note, code }) {
    if ((outcome !== 'completed' && outcome !== 'failed') || !note?.trim()) throw usage();
    const moved = await ledger.movePurchase(id.toLowerCase(), `operator-${outcome}`, {
      note: note.trim(),
      ...(code !== undefined && { confirmationCode: code }),
      ...(outcome === 'failed' && { failure: 'unspecified' }),
    });
    if (moved !== undefined) return [`${moved.id} is ${moved.state}; the subscriber is told`];
    const now = await ledger.purchase(id.toLowerCase());
    if (now === undefined) throw new PurchasesError(`there is no purchase ${id}`);
    throw new PurchasesError(
      now.state === 'confirmed' || now.state === 'submitting'
        ? `purchase ${id} is ${now.state}: it is being sent; ask again in two minutes`
        : `purchase ${id} is ${now.state} already, and stays so`,
    );
  },

  async close(ledger, [id = ''], { note }) {
    if (id === '' || !note?.trim()) throw usage();
    if (await ledger.closeTask(id, note.trim())) return [`task ${id} is closed`];
    throw new PurchasesError(
      `task ${id} is not open, or it ends with what it is about: an unknown purchase with resolve, a line that was given up ` +
        'with withdrawn WITHDRAWAL (npm run purchases -- withdrawals names them)',
    );
  },

  async withdrawals(ledger) {
    const left = await ledger.withdrawals(MOST);
    if (left.length === 0) return ['every telco knows which lines were given up'];
    return left.map(({ id, line: { operator, key }, since }) =>
      [since.toISOString(), operator, key.type, key.value || 'a number that was erased', `withdrawal ${id}`].join('  '),
    );
  },

  async withdrawn(ledger, [id = '']) {
    if (await ledger.endWithdrawal(id)) return [`withdrawal ${id} is done`];
    throw new PurchasesError(`there is no withdrawal ${id}`);
  },

  async stray(ledger) {
    const stray = await ledger.quarantined(MOST);
    if (stray.length === 0) return ['no callback fitted no purchase'];
    // Whose they are is not printed: the transaction says it to those who may know.
    return stray.map(({ lastAt, operator, reason, transactionId, failure = 'success', times }) =>
      [lastAt.toISOString(), operator, reason, transactionId, failure, `${times} times`].join('  '),
    );
  },
};

function read(args: string[]) {
  const options = {
    help: { type: 'boolean', short: 'h', default: false },
    note: { type: 'string' },
    code: { type: 'string' },
  } as const;
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (cause) {
    throw usage(cause);
  }
}

function usage(cause?: unknown): PurchasesError {
  return new PurchasesError('that is not one of the commands; npm run purchases -- --help lists them', { cause });
}

// Last: the commands above are constants.
await runCommand(() => main(process.argv.slice(2)));
