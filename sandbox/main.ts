import { z } from 'zod';
import { clientCredentials } from './client-credentials.js';
import { startSandbox } from './index.js';

/** `npm run sandbox`: the simulated Millom alone, on SANDBOX_PORT (3001). Ctrl-C stops it. */
const environment = z
  .object({
    SANDBOX_PORT: z.coerce.number().int().min(0).max(65_535).default(3001),
    SANDBOX_CLIENT_ID: z.string().min(1).default('refill'),
    SANDBOX_CLIENT_SECRET: z.string().min(1).default('sandbox'),
    /** Where Refill listens: callbacks and notifications go there. Unset: they go nowhere. */
    SANDBOX_REFILL_URL: z.url().optional(),
    /** Credentials for Refill's own /oauth/token, when it asks for them. */
    SANDBOX_REFILL_CLIENT_ID: z.string().optional(),
    SANDBOX_REFILL_CLIENT_SECRET: z.string().default(''),
    /** 0: every POST charges, even with the same transaction id. */
    SANDBOX_DEDUPLICATE: z.enum(['0', '1']).default('1'),
  })
  .safeParse(process.env);

if (!environment.success) {
  console.error(z.prettifyError(environment.error));
  process.exit(1);
}
const env = environment.data;
const refillUrl = env.SANDBOX_REFILL_URL?.replace(/\/$/, '');
const authorization =
  refillUrl === undefined || env.SANDBOX_REFILL_CLIENT_ID === undefined
    ? undefined
    : clientCredentials(`${refillUrl}/oauth/token`, env.SANDBOX_REFILL_CLIENT_ID, env.SANDBOX_REFILL_CLIENT_SECRET);

const sandbox = await startSandbox({
  port: env.SANDBOX_PORT,
  clientId: env.SANDBOX_CLIENT_ID,
  clientSecret: env.SANDBOX_CLIENT_SECRET,
  deduplicate: env.SANDBOX_DEDUPLICATE === '1',
  ...(refillUrl === undefined ? {} : { refill: { baseUrl: refillUrl, ...(authorization && { authorization }) } }),
  onEvent: ({ at, kind, title, subscriberId, ms }) => {
    const took = ms === undefined ? '' : ` ${Math.round(ms)} ms`;
    console.log(`${at.toISOString()} ${kind.padEnd(12)} ${subscriberId ?? '-'} ${title}${took}`);
  },
});

console.log(`Millom sandbox on ${sandbox.url}
  POST /oauth/token                                      client id ${env.SANDBOX_CLIENT_ID}
  GET  /std/{serviceProvider}/{operator}/{msisdn}/…      accountInfo, balance, upsellOffer
  POST /std/{serviceProvider}/{operator}/{msisdn}/purchasePlan
  POST /std/{serviceProvider}/{msisdn}/register
  POST /v1/{serviceProvider}/topup
  /_sandbox/                                             personas, subscribers, faults, charges, reset
  callbacks and notifications go to ${refillUrl ?? 'nobody: set SANDBOX_REFILL_URL'}
Who there is:`);
for (const { id, operator, msisdn, summary } of sandbox.personas) {
  console.log(`  ${id.padEnd(8)} ${operator.padEnd(8)} ${msisdn}  ${summary}`);
}

const stop = (): void => {
  void sandbox.close().then(() => process.exit(0));
};
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
