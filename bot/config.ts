import { type AccessConfig, accessOf } from './access/config.js';
import { type CpidSettings, cpidOf } from './cpid/settings.js';
import type { ProofMethod } from './domain/link.js';
import { RETENTION_DAYS, type Retention, readRetention } from './domain/retention.js';
import type { SpendLimits } from './domain/spending.js';
import { RefillError } from './errors.js';
import { type levels, type Name, VARIABLES, type Values } from './variables.js';

/** Something is wrong with the environment. The message lists every wrong variable by name, and never a value. */
export class ConfigError extends RefillError {
  readonly code = 'CONFIG';

  constructor(readonly problems: readonly string[]) {
    super(`Refill cannot start with this configuration:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

/** What a Millom connection needs; all of it, or none. */
export interface MillomConfig {
  readonly baseUrl: string;
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly serviceProvider: string;
  readonly operator: string;
  readonly topUpUrl?: string;
  readonly deduplicates?: boolean;
}

export interface SlackConfig {
  readonly signingSecret: string;
  readonly botToken?: string;
  readonly appToken?: string;
  readonly apiUrl?: string;
  readonly oauth?: { readonly clientId: string; readonly clientSecret: string };
}

export interface TeamsConfig {
  readonly appId: string;
  readonly appPassword: string;
  readonly tenantId?: string;
  readonly appType?: 'MultiTenant' | 'SingleTenant';
  readonly openIdMetadataUrl?: string;
  readonly loginUrl?: string;
}

export interface WhatsAppConfig {
  readonly graphBaseUrl: string;
  readonly graphVersion: string;
  readonly phoneNumberId: string;
  readonly accessToken: string;
  readonly appSecret: string;
  readonly verifyToken: string;
}

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly role: 'all' | 'web' | 'worker';
  readonly logLevel: (typeof levels)[number];
  readonly concurrency: number;
  readonly timezone: string;
  /** Days that each kind of data is kept. */
  readonly retention: Retention;
  readonly locale: string;
  readonly redisUrl: string | undefined;
  /** Where what is under way is kept; `undefined`: where it can be. */
  readonly stores: 'redis' | 'postgres' | undefined;
  readonly databaseUrl: string | undefined;
  readonly dataDir: string;
  readonly key: string | undefined;
  readonly previousKeys: string | undefined;
  readonly keyFile: string | undefined;
  readonly millom: MillomConfig | undefined;
  /** `undefined`: nobody links by CPID, but in a sandbox. */
  readonly cpid: CpidSettings | undefined;
  readonly slack: SlackConfig | undefined;
  readonly teams: TeamsConfig | undefined;
  /** The Cloud API, `web` for a WhatsApp Web session, or not at all. */
  readonly whatsapp: WhatsAppConfig | 'web' | undefined;
  /** What one line may spend. */
  readonly spendLimits: SpendLimits;
  readonly proofs: readonly ProofMethod[];
  /** ISO 3166-1: where numbers without a country code are from. */
  readonly country: string | undefined;
  /** For how long a link to somebody's number is young, in milliseconds, and what it may spend until then. */
  readonly newLink: { readonly youngForMs: number; readonly limits: SpendLimits };
  /** Simulated telco and personas; true when asked for, or when there is no telco to talk to. */
  readonly sandbox: boolean;
  /** Nobody asked for it: it is on for want of a telco. */
  readonly sandboxByItself: boolean;
  /** Who may call back and notify. `undefined`: nobody, except in a sandbox. */
  readonly caller: { readonly id: string; readonly secret: string } | undefined;
  /** Who else may call, and who may look into the console. */
  readonly access: AccessConfig;
}

/** The price of a small plan where Refill is at home. */
const NEW_LINK_SPEND = [
  { amount: '10', currency: 'MYR' },
  { amount: '300', currency: 'PKR' },
  { amount: '15', currency: 'GTQ' },
  { amount: '80', currency: 'THB' },
  { amount: '49', currency: 'NOK' },
  { amount: '250', currency: 'BDT' },
  { amount: '15', currency: 'BOB' },
  { amount: '3', currency: 'USD' },
  { amount: '3', currency: 'EUR' },
] as const;

/** Reads the environment. Empty variables count as unset. Throws `ConfigError` naming every wrong one at once. */
export function loadConfig(env: Environment): Config {
  const problems: string[] = [];
  const read = Object.entries(VARIABLES).map(([name, { schema }]) => {
    const given = env[name]?.trim();
    const parsed = schema.safeParse(given === '' ? undefined : given);
    if (!parsed.success) problems.push(`${name}: ${parsed.error.issues[0]?.message ?? 'not valid'}`);
    return [name, parsed.data];
  });
  const values = Object.fromEntries(read) as Values;
  const variables = { values, env, problems };
  const millom = millomOf(variables);
  const access = accessOf(values, problems);
  const hasTelco = (env['MILLOM_BASE_URL']?.trim() ?? '') !== '';
  const config: Config = {
    host: values.HOST,
    port: values.PORT,
    role: values.REFILL_ROLE,
    logLevel: values.LOG_LEVEL,
    concurrency: values.REFILL_CONCURRENCY,
    timezone: values.REFILL_TIMEZONE,
    retention: readRetention(values.REFILL_RETENTION ?? '') ?? RETENTION_DAYS,
    locale: values.REFILL_LOCALE,
    redisUrl: values.REDIS_URL,
    stores: values.REFILL_STORES,
    databaseUrl: values.DATABASE_URL,
    dataDir: values.REFILL_DATA_DIR,
    key: values.REFILL_KEY,
    previousKeys: values.REFILL_KEY_PREVIOUS,
    keyFile: values.REFILL_KEY_FILE,
    millom,
    cpid: cpidOf(
      {
        fetchUrl: values.MILLOM_CPID_URL,
        redirectUrl: values.MILLOM_CPID_REDIRECT_URL,
        pageUrl: values.REFILL_CPID_PAGE_URL ?? access.publicUrl,
        days: values.REFILL_CPID_DAYS,
        millom,
      },
      problems,
    ),
    slack: slackOf(variables),
    teams: teamsOf(variables),
    whatsapp: whatsappOf(variables),
    spendLimits: { day: values.REFILL_SPEND_PER_DAY ?? [], week: values.REFILL_SPEND_PER_WEEK ?? [] },
    proofs: values.REFILL_PROOFS,
    country: values.REFILL_COUNTRY,
    newLink: {
      youngForMs: values.REFILL_NEW_LINK_HOURS * 3_600_000,
      limits: { day: values.REFILL_NEW_LINK_SPEND ?? NEW_LINK_SPEND, week: [] },
    },
    sandbox: values.REFILL_SANDBOX ?? !hasTelco,
    sandboxByItself: values.REFILL_SANDBOX === undefined && !hasTelco,
    caller: callerOf(variables),
    access,
  };
  if (values.REFILL_SANDBOX === false && config.millom === undefined) {
    problems.push('MILLOM_BASE_URL: required, because REFILL_SANDBOX is 0');
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The variables as read so far, and where to complain. */
interface Read {
  readonly values: Values;
  readonly env: Environment;
  readonly problems: string[];
}

const MILLOM = [
  'MILLOM_BASE_URL',
  'MILLOM_TOKEN_URL',
  'MILLOM_CLIENT_ID',
  'MILLOM_CLIENT_SECRET',
  'MILLOM_SERVICE_PROVIDER',
  'MILLOM_OPERATOR',
] as const;

function millomOf(read: Read): MillomConfig | undefined {
  const set = complete(read, MILLOM);
  const topUpUrl = read.values.MILLOM_TOP_UP_URL;
  return (
    set && {
      baseUrl: set.MILLOM_BASE_URL,
      tokenUrl: set.MILLOM_TOKEN_URL,
      clientId: set.MILLOM_CLIENT_ID,
      clientSecret: set.MILLOM_CLIENT_SECRET,
      serviceProvider: set.MILLOM_SERVICE_PROVIDER,
      operator: set.MILLOM_OPERATOR,
      ...(topUpUrl !== undefined && { topUpUrl }),
      deduplicates: read.values.MILLOM_DEDUPLICATES,
    }
  );
}

function slackOf(read: Read): SlackConfig | undefined {
  const { values, problems } = read;
  const { SLACK_BOT_TOKEN: botToken, SLACK_SIGNING_SECRET: signingSecret } = values;
  const { SLACK_APP_TOKEN: appToken, SLACK_API_URL: apiUrl } = values;
  const oauth = complete(read, ['SLACK_CLIENT_ID', 'SLACK_CLIENT_SECRET'] as const);
  if (botToken === undefined && signingSecret === undefined && oauth === undefined) return undefined;
  if (signingSecret === undefined) problems.push('SLACK_SIGNING_SECRET: required, because Slack is on');
  if (botToken === undefined && oauth === undefined) problems.push('SLACK_BOT_TOKEN: required, or SLACK_CLIENT_ID');
  return {
    signingSecret: signingSecret ?? '',
    ...(botToken !== undefined && { botToken }),
    ...(appToken !== undefined && { appToken }),
    ...(apiUrl !== undefined && { apiUrl: `${apiUrl}/` }),
    ...(oauth && { oauth: { clientId: oauth.SLACK_CLIENT_ID, clientSecret: oauth.SLACK_CLIENT_SECRET } }),
  };
}

function teamsOf(read: Read): TeamsConfig | undefined {
  const set = complete(read, ['MicrosoftAppId', 'MicrosoftAppPassword'] as const);
  const { MicrosoftAppTenantId: tenantId, MicrosoftAppType: appType } = read.values;
  const { ToBotFromChannelOpenIdMetadataUrl: openIdMetadataUrl, ToChannelFromBotLoginUrlPrefix: loginUrl } =
    read.values;
  if (appType === 'SingleTenant' && tenantId === undefined) {
    read.problems.push('MicrosoftAppTenantId: required, because MicrosoftAppType is SingleTenant');
  }
  return (
    set && {
      appId: set.MicrosoftAppId,
      appPassword: set.MicrosoftAppPassword,
      ...(tenantId !== undefined && { tenantId }),
      ...(appType !== undefined && { appType }),
      ...(openIdMetadataUrl !== undefined && { openIdMetadataUrl }),
      ...(loginUrl !== undefined && { loginUrl }),
    }
  );
}

const WHATSAPP = [
  'WHATSAPP_PHONE_NUMBER_ID',
  'WHATSAPP_ACCESS_TOKEN',
  'WHATSAPP_APP_SECRET',
  'WHATSAPP_VERIFY_TOKEN',
] as const;

function whatsappOf(read: Read): WhatsAppConfig | 'web' | undefined {
  const { values, problems } = read;
  if (values.WHATSAPP_TRANSPORT === 'web') {
    // The browser is in one process, and whoever answers must be in the same.
    if (values.REFILL_ROLE !== 'all') problems.push('WHATSAPP_TRANSPORT: web needs REFILL_ROLE=all');
    return 'web';
  }
  const set = complete(read, WHATSAPP);
  if (set === undefined && values.WHATSAPP_TRANSPORT === 'cloud') {
    problems.push('WHATSAPP_PHONE_NUMBER_ID: required, because WHATSAPP_TRANSPORT is cloud');
  }
  return (
    set && {
      graphBaseUrl: values.WHATSAPP_GRAPH_BASE_URL,
      graphVersion: values.WHATSAPP_GRAPH_VERSION,
      phoneNumberId: set.WHATSAPP_PHONE_NUMBER_ID,
      accessToken: set.WHATSAPP_ACCESS_TOKEN,
      appSecret: set.WHATSAPP_APP_SECRET,
      verifyToken: set.WHATSAPP_VERIFY_TOKEN,
    }
  );
}

function callerOf(read: Read): Config['caller'] {
  const set = complete(read, ['REFILL_CALLER_ID', 'REFILL_CALLER_SECRET'] as const);
  return set && { id: set.REFILL_CALLER_ID, secret: set.REFILL_CALLER_SECRET };
}

/** Variables that only make sense together: all of them, or `undefined` when none is set; anything between is a problem. */
function complete<N extends Name>(
  { values, env, problems }: Read,
  names: readonly N[],
): { [K in N]: NonNullable<Values[K]> } | undefined {
  const missing = names.filter((name) => (env[name]?.trim() ?? '') === '');
  if (missing.length === names.length) return undefined;
  const present = names.filter((name) => !missing.includes(name));
  for (const name of missing) problems.push(`${name}: required, because ${present[0]} is set`);
  return missing.length > 0 ? undefined : (Object.fromEntries(names.map((name) => [name, values[name]])) as never);
}
