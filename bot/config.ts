import { z } from 'zod';
import { RefillError } from './errors.js';

/** Something is wrong with the environment. The message lists every wrong variable by name, and never a value. */
export class ConfigError extends RefillError {
  readonly code = 'CONFIG';

  constructor(readonly problems: readonly string[]) {
    super(`Refill cannot start with this configuration:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

const url = (protocols: RegExp, example: string) =>
  z.url({ protocol: protocols, error: `expected a URL like ${example}` }).transform((text) => text.replace(/\/+$/, ''));

const flag = z
  .enum(['0', '1', 'true', 'false'], { error: 'expected 1 or 0' })
  .transform((on) => on === '1' || on === 'true');

const whole = (min: number, max: number) =>
  z.coerce
    .number({ error: `expected a whole number from ${min} to ${max}` })
    .int({ error: `expected a whole number from ${min} to ${max}` })
    .min(min, { error: `expected a whole number from ${min} to ${max}` })
    .max(max, { error: `expected a whole number from ${min} to ${max}` });

const text = (what: string) => z.string().min(1, { error: `expected ${what}` });

const timezone = z.string().refine(isTimezone, { error: 'expected an IANA time zone like Asia/Karachi' });

function isTimezone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }) !== undefined;
  } catch {
    return false;
  }
}

const role = z.enum(['all', 'web', 'worker'], { error: 'expected all, web or worker' });
const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** One row per variable: its schema, and what people are told about it. `secret` values are never printed. */
const VARIABLES = {
  PORT: { schema: whole(0, 65_535).default(3000), about: 'HTTP port; 0 picks a free one', group: 'Process' },
  HOST: {
    schema: text('an address').default('127.0.0.1'),
    about: 'address to listen on; 0.0.0.0 in a container',
    group: 'Process',
  },
  REFILL_ROLE: {
    schema: role.default('all'),
    about: 'all, web (webhooks only) or worker (queues only)',
    group: 'Process',
  },
  REFILL_SANDBOX: {
    schema: flag.optional(),
    about: 'simulated telco, personas and the console; on by itself when no telco is configured',
    group: 'Process',
  },
  REFILL_CONCURRENCY: {
    schema: whole(1, 1000).default(64),
    about: 'conversations one process works on at once',
    group: 'Process',
  },
  REFILL_TIMEZONE: {
    schema: timezone.default('UTC'),
    about: 'zone of subscribers whose own is not known',
    group: 'Process',
  },
  REFILL_LOCALE: {
    schema: text('a BCP 47 tag').default('en'),
    about: 'language of subscribers whose own is not known',
    group: 'Process',
  },
  LOG_LEVEL: {
    schema: z.enum(levels, { error: `expected one of ${levels.join(', ')}` }).default('info'),
    about: 'how much is logged',
    group: 'Process',
  },
  REDIS_URL: {
    schema: url(/^rediss?$/, 'redis://127.0.0.1:6379').optional(),
    about: 'empty: redis-server from the PATH, under the data directory',
    group: 'Stores',
    secret: true,
  },
  DATABASE_URL: {
    schema: url(/^postgres(ql)?$/, 'postgres://user:password@127.0.0.1/refill').optional(),
    about: 'empty: embedded PGlite, for trials',
    group: 'Stores',
    secret: true,
  },
  REFILL_DATA_DIR: {
    schema: text('a directory').default('./var'),
    about: 'embedded stores, keys and session files',
    group: 'Stores',
  },
  REFILL_KEY: {
    schema: z
      .string()
      .regex(/^([0-9a-f]{64}|[A-Za-z0-9+/]{43}=)$/i, { error: 'expected 32 bytes as hex or base64' })
      .optional(),
    about: 'master key for what is sealed at rest; empty: made once and kept in the data directory',
    group: 'Stores',
    secret: true,
  },
  MILLOM_BASE_URL: {
    schema: url(/^https?$/, 'https://api.example.com').optional(),
    about: 'Millom upsell API',
    group: 'Millom',
  },
  MILLOM_TOKEN_URL: {
    schema: url(/^https?$/, 'https://signin.example.com/oauth/token').optional(),
    about: 'OAuth2 token endpoint',
    group: 'Millom',
  },
  MILLOM_CLIENT_ID: { schema: text('the client id').optional(), about: 'OAuth2 client id', group: 'Millom' },
  MILLOM_CLIENT_SECRET: {
    schema: text('the client secret').optional(),
    about: 'OAuth2 client secret',
    group: 'Millom',
    secret: true,
  },
  MILLOM_SERVICE_PROVIDER: {
    schema: text('the agreed service provider').optional(),
    about: 'your service provider id at Millom',
    group: 'Millom',
  },
  MILLOM_OPERATOR: {
    schema: text('an operator code').optional(),
    about: 'operator code of lines that name none',
    group: 'Millom',
  },
  MILLOM_TOP_UP_URL: {
    schema: url(/^https?$/, 'https://topup.example.com').optional(),
    about: 'Millom top-up API; empty: nobody can be asked for a top-up',
    group: 'Millom',
  },
  REFILL_CALLER_ID: {
    schema: text('a client id').optional(),
    about: 'client id with which Millom fetches a token from /oauth/token',
    group: 'Callers',
  },
  REFILL_CALLER_SECRET: {
    schema: z.string().min(16, { error: 'expected at least 16 characters' }).optional(),
    about: 'its secret; without both, callbacks and notifications are taken only in a sandbox',
    group: 'Callers',
    secret: true,
  },
} as const satisfies Record<string, { schema: z.ZodType; about: string; group: string; secret?: boolean }>;

type Name = keyof typeof VARIABLES;

type Values = { readonly [N in Name]: z.output<(typeof VARIABLES)[N]['schema']> };

/** What a Millom connection needs; all of it, or none. */
export interface MillomConfig {
  readonly baseUrl: string;
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly serviceProvider: string;
  readonly operator: string;
  readonly topUpUrl?: string;
}

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly role: 'all' | 'web' | 'worker';
  readonly logLevel: (typeof levels)[number];
  readonly concurrency: number;
  readonly timezone: string;
  readonly locale: string;
  readonly redisUrl: string | undefined;
  readonly databaseUrl: string | undefined;
  readonly dataDir: string;
  readonly key: string | undefined;
  readonly millom: MillomConfig | undefined;
  /** Simulated telco and personas; true when asked for, or when there is no telco to talk to. */
  readonly sandbox: boolean;
  /** Who may call back and notify. `undefined`: nobody, except in a sandbox. */
  readonly caller: { readonly id: string; readonly secret: string } | undefined;
}

/** Reads the environment. Empty variables count as unset. Throws `ConfigError` naming every wrong one at once. */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = [];
  const read = Object.entries(VARIABLES).map(([name, { schema }]) => {
    const given = env[name]?.trim();
    const parsed = schema.safeParse(given === '' ? undefined : given);
    if (!parsed.success) problems.push(`${name}: ${parsed.error.issues[0]?.message ?? 'not valid'}`);
    return [name, parsed.data];
  });
  const values = Object.fromEntries(read) as Values;
  const millom = complete(
    values,
    [
      'MILLOM_BASE_URL',
      'MILLOM_TOKEN_URL',
      'MILLOM_CLIENT_ID',
      'MILLOM_CLIENT_SECRET',
      'MILLOM_SERVICE_PROVIDER',
      'MILLOM_OPERATOR',
    ],
    problems,
    env,
  );
  const caller = complete(values, ['REFILL_CALLER_ID', 'REFILL_CALLER_SECRET'], problems, env);
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    host: values.HOST,
    port: values.PORT,
    role: values.REFILL_ROLE,
    logLevel: values.LOG_LEVEL,
    concurrency: values.REFILL_CONCURRENCY,
    timezone: values.REFILL_TIMEZONE,
    locale: values.REFILL_LOCALE,
    redisUrl: values.REDIS_URL,
    databaseUrl: values.DATABASE_URL,
    dataDir: values.REFILL_DATA_DIR,
    key: values.REFILL_KEY,
    millom: millom && {
      baseUrl: millom.MILLOM_BASE_URL,
      tokenUrl: millom.MILLOM_TOKEN_URL,
      clientId: millom.MILLOM_CLIENT_ID,
      clientSecret: millom.MILLOM_CLIENT_SECRET,
      serviceProvider: millom.MILLOM_SERVICE_PROVIDER,
      operator: millom.MILLOM_OPERATOR,
      ...(values.MILLOM_TOP_UP_URL !== undefined && { topUpUrl: values.MILLOM_TOP_UP_URL }),
    },
    sandbox: values.REFILL_SANDBOX ?? millom === undefined,
    caller: caller && { id: caller.REFILL_CALLER_ID, secret: caller.REFILL_CALLER_SECRET },
  };
}

/** Variables that only make sense together: all of them, or `undefined` when none is set; anything between is a problem. */
function complete<N extends Name>(
  values: Values,
  names: readonly N[],
  problems: string[],
  env: Readonly<Record<string, string | undefined>>,
): { [K in N]: NonNullable<Values[K]> } | undefined {
  const missing = names.filter((name) => (env[name]?.trim() ?? '') === '');
  if (missing.length === names.length) return undefined;
  const present = names.filter((name) => !missing.includes(name));
  for (const name of missing) problems.push(`${name}: required, because ${present[0]} is set`);
  return missing.length > 0 ? undefined : (Object.fromEntries(names.map((name) => [name, values[name]])) as never);
}

export interface VariableDoc {
  readonly name: string;
  readonly about: string;
  readonly group: string;
  readonly secret: boolean;
  /** As it would be written in the environment; empty when there is none. */
  readonly byDefault: string;
}

/** Every variable Refill reads, for `--help`, `.env.example` and the docs. */
export function describeConfig(): readonly VariableDoc[] {
  return Object.entries(VARIABLES).map(([name, variable]) => {
    const { schema, about, group } = variable;
    const byDefault = schema.safeParse(undefined);
    return { name, about, group, secret: 'secret' in variable, byDefault: String(byDefault.data ?? '') };
  });
}

/** The text of `.env.example`. */
export function envExample(): string {
  const variables = describeConfig();
  const groups = [...new Set(variables.map(({ group }) => group))];
  const sections = groups.map((group) => {
    const rows = variables.filter((variable) => variable.group === group);
    const lines = rows.map(({ name, about, byDefault }) => `# ${about}\n#${name}=${byDefault}`);
    return `## ${group}\n${lines.join('\n')}`;
  });
  return `# Everything is optional: without any of it Refill runs a sandbox on embedded stores.\n\n${sections.join('\n\n')}\n`;
}

/** The text of `npm start -- --help`. */
export function helpText(): string {
  const rows = describeConfig().map(({ name, about, byDefault }) => {
    const standard = byDefault === '' ? '' : ` [${byDefault}]`;
    return `  ${name.padEnd(26)}${about}${standard}`;
  });
  return `Refill: balance, offers, purchases and nudges in the chat app a subscriber already uses.\n\nUsage: npm start [-- --help]\n\nEnvironment (all optional):\n${rows.join('\n')}\n`;
}
