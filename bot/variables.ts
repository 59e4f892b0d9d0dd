import { z } from 'zod';
import { ACCESS_VARIABLES } from './access/variables.js';
import { CPID_VARIABLES } from './cpid/settings.js';
import { RETENTION_DAYS, readRetention } from './domain/retention.js';
import { IDENTITY_VARIABLES } from './identity/variables.js';
import { TEAMS_VARIABLES } from './teams-variables.js';
import { flag, money, text, timezone, url, whole } from './variable-kinds.js';

const role = z.enum(['all', 'web', 'worker'], { error: 'expected all, web or worker' });
export const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** One row per variable: its schema, and what people are told about it. `secret` values are never printed. */
export const VARIABLES = {
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
  REFILL_SPEND_PER_DAY: {
    schema: money.optional(),
    about: 'most one line may spend in any 24 hours, per currency, like 50 MYR, 1500 PKR; empty: no limit',
    group: 'Process',
  },
  REFILL_SPEND_PER_WEEK: {
    schema: money.optional(),
    about: 'the same in any 7 days',
    group: 'Process',
  },
  REFILL_TIMEZONE: {
    schema: timezone.default('UTC'),
    about: 'zone of subscribers whose own is not known',
    group: 'Process',
  },
  REFILL_RETENTION: {
    schema: z
      .string()
      .refine((given) => readRetention(given) !== undefined, {
        error: `expected days by kind, like outbox=14,nudges=0, of ${Object.keys(RETENTION_DAYS).join(', ')}`,
      })
      .optional(),
    about: 'days that are kept, where they differ from docs/privacy.md: outbox=14,nudges=0 (0: for good)',
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
    about: 'empty: redis-server from the PATH, under the data directory; without one everything is in PostgreSQL',
    group: 'Stores',
    secret: true,
  },
  REFILL_STORES: {
    schema: z.enum(['redis', 'postgres'], { error: 'expected redis or postgres' }).optional(),
    about: 'where mailboxes, sessions and queues are; empty: redis where there is one, else postgres',
    group: 'Stores',
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
  REFILL_KEY_PREVIOUS: {
    schema: text('keys, separated by commas').optional(),
    about: 'master keys that were used before and still open what they sealed, separated by commas',
    group: 'Stores',
    secret: true,
  },
  REFILL_KEY_FILE: {
    schema: text('a file').optional(),
    about: 'in place of REFILL_KEY: a file with one key a line, the one that seals first',
    group: 'Stores',
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
  MILLOM_DEDUPLICATES: {
    schema: flag.default(false),
    about: '1: your Millom promises that one transid charges once, so an unclear order may be sent again',
    group: 'Millom',
  },
  ...IDENTITY_VARIABLES,
  ...CPID_VARIABLES,
  SLACK_BOT_TOKEN: {
    schema: text('the bot token').optional(),
    about: 'xoxb-… of the one workspace',
    group: 'Slack',
    secret: true,
  },
  SLACK_SIGNING_SECRET: {
    schema: text('the signing secret').optional(),
    about: 'tells Slack’s requests from others; switches Slack on',
    group: 'Slack',
    secret: true,
  },
  SLACK_APP_TOKEN: {
    schema: text('the app token').optional(),
    about: 'xapp-…: Socket Mode, where Slack cannot reach this address',
    group: 'Slack',
    secret: true,
  },
  SLACK_CLIENT_ID: {
    schema: text('the client id').optional(),
    about: 'with the secret: any workspace may install the app',
    group: 'Slack',
  },
  SLACK_CLIENT_SECRET: {
    schema: text('the client secret').optional(),
    about: 'see SLACK_CLIENT_ID',
    group: 'Slack',
    secret: true,
  },
  SLACK_API_URL: {
    schema: url(/^https?$/, 'https://slack.com/api/').optional(),
    about: 'another Web API address, for tests',
    group: 'Slack',
  },
  ...TEAMS_VARIABLES,
  WHATSAPP_TRANSPORT: {
    schema: z.enum(['cloud', 'web'], { error: 'expected cloud or web' }).optional(),
    about: 'cloud: Meta’s Cloud API; web: a WhatsApp Web session, for trials only',
    group: 'WhatsApp',
  },
  WHATSAPP_PHONE_NUMBER_ID: {
    schema: text('the phone number id').optional(),
    about: 'the business number; switches the Cloud API on',
    group: 'WhatsApp',
  },
  WHATSAPP_ACCESS_TOKEN: {
    schema: text('the access token').optional(),
    about: 'of a system user',
    group: 'WhatsApp',
    secret: true,
  },
  WHATSAPP_APP_SECRET: {
    schema: text('the app secret').optional(),
    about: 'signs Meta’s webhooks',
    group: 'WhatsApp',
    secret: true,
  },
  WHATSAPP_VERIFY_TOKEN: {
    schema: text('the verify token').optional(),
    about: 'what Meta repeats when the webhook is set up',
    group: 'WhatsApp',
    secret: true,
  },
  WHATSAPP_GRAPH_BASE_URL: {
    schema: url(/^https?$/, 'https://graph.facebook.com').default('https://graph.facebook.com'),
    about: 'Graph API',
    group: 'WhatsApp',
  },
  WHATSAPP_GRAPH_VERSION: {
    schema: z
      .string()
      .regex(/^v\d+\.\d+$/, { error: 'expected a version like v23.0' })
      .default('v23.0'),
    about: 'its version',
    group: 'WhatsApp',
  },
  WHATSAPP_BUSINESS_ACCOUNT_ID: {
    schema: text('the account id').optional(),
    about: 'for npm run whatsapp:templates',
    group: 'WhatsApp',
  },
  ...ACCESS_VARIABLES,
} as const satisfies Record<string, { schema: z.ZodType; about: string; group: string; secret?: boolean }>;

export type Name = keyof typeof VARIABLES;

export type Values = { readonly [N in Name]: z.output<(typeof VARIABLES)[N]['schema']> };

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
