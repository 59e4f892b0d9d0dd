import { parseArgs } from 'node:util';

/** What can be measured by itself. Turns bring the no-op jobs along that they are held against. */
export const PARTS = ['starts', 'acks', 'outages', 'purchases', 'turns'] as const;

export type Part = (typeof PARTS)[number];

/** How long and how much is measured. */
export interface Settings {
  /** Jobs of the BullMQ baseline. */
  readonly jobs: number;
  /** Subscribers with an open page. */
  readonly users: number;
  /** Length of one stretch of load; each figure is the median of `ROUNDS`. */
  readonly seconds: number;
  /** Turns before anything is measured: by then the code is compiled. */
  readonly warmUpTurns: number;
  /** Silent conversations in Redis at the end. */
  readonly conversations: number;
  /** How many of them took a turn of their own; the others are copies of what those left in Redis. */
  readonly realTurns: number;
  /** The store of the loaded Refill: PGlite, or PostgreSQL where one answers. */
  readonly postgres: boolean;
  /** Where to write everything that was measured. */
  readonly json: string | undefined;
  readonly profile: boolean;
  /** What is measured, in the order of `PARTS`. */
  readonly parts: ReadonlySet<Part>;
  /** Subscribers who buy at the same time, each once a round. */
  readonly buyers: number;
  /** How long Redis is away, for each channel. */
  readonly outageSeconds: number;
}

/** Refill takes a thousand connections from one address, and the driver needs some beside the pages. */
const MOST_BUYERS = 800;

const HELP = `Measures Refill: npm run bench -- [PART...] [--json FILE] [--profile]

  PART          ${PARTS.join(', ')}; without one, all of them
  --json FILE   writes everything that was measured
  --profile     says where processor time goes instead: of balance turns, or of purchases

  BENCH_JOBS            30000   no-op jobs of the BullMQ baseline
  BENCH_USERS           48      subscribers with an open page
  BENCH_SECONDS         5       one stretch of load; three make a figure
  BENCH_WARM_UP         10000   turns before anything is measured
  BENCH_CONVERSATIONS   100000  silent conversations
  BENCH_REAL_TURNS      3000    of those, how many took a turn; the others are copies of what these left in Redis
  BENCH_BUYERS          400     subscribers with an open page who buy, 800 at most
  BENCH_OUTAGE_SECONDS  20      how long Redis is away, for each channel
  BENCH_STORE           pglite  the loaded Refill's database: pglite or postgres (DATABASE_URL, or 127.0.0.1:5432)
`;

/** Reads the command line and the environment; `undefined` when all that was asked for is help. */
export function readSettings(args: readonly string[], env: NodeJS.ProcessEnv): Settings | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: 'string' }, profile: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return undefined;
  }
  const number = (name: string, standard: number) => {
    const given = Number(env[name] || standard);
    if (!(given > 0)) throw new Error(`${name}: expected a number above 0`);
    return given;
  };
  const buyers = number('BENCH_BUYERS', 400);
  if (buyers > MOST_BUYERS) throw new Error(`BENCH_BUYERS: expected at most ${MOST_BUYERS}`);
  const conversations = number('BENCH_CONVERSATIONS', 100_000);
  return {
    jobs: number('BENCH_JOBS', 30_000),
    users: number('BENCH_USERS', 48),
    seconds: number('BENCH_SECONDS', 5),
    warmUpTurns: number('BENCH_WARM_UP', 10_000),
    conversations,
    realTurns: Math.min(conversations, number('BENCH_REAL_TURNS', 3_000)),
    postgres: env['BENCH_STORE'] === 'postgres',
    json: values.json,
    profile: values.profile === true,
    parts: new Set(positionals.length === 0 ? PARTS : positionals.map(partOf)),
    buyers,
    outageSeconds: number('BENCH_OUTAGE_SECONDS', 20),
  };
}

function partOf(name: string): Part {
  const part = PARTS.find((each) => each === name);
  if (part === undefined) throw new Error(`${name}: expected ${PARTS.join(', ')}`);
  return part;
}
