import { z } from 'zod';
import { isOfThisMachine } from './outbound.js';
import { text, url } from './variable-kinds.js';

/** Whoever can change what is read from there could speak for everybody, so plain http is for this machine only. */
const trusted = (example: string) =>
  url(/^https?$/, example).refine((given) => given.startsWith('https:') || isOfThisMachine(given), {
    error: `expected https, like ${example}`,
  });

/** Named as Microsoft names them; the last two as the Bot Framework SDK does. */
export const TEAMS_VARIABLES = {
  MicrosoftAppId: {
    schema: text('the app id').optional(),
    about: 'Teams; empty: unauthenticated, in a sandbox only',
    group: 'Teams',
  },
  MicrosoftAppPassword: {
    schema: text('the app password').optional(),
    about: 'its client secret',
    group: 'Teams',
    secret: true,
  },
  MicrosoftAppTenantId: {
    // A domain would do to get tokens, but activities name their tenant by its id.
    schema: z.guid({ error: 'expected a tenant id like 11111111-2222-3333-4444-555555555555' }).optional(),
    about: 'of a single-tenant app: the only tenant it hears',
    group: 'Teams',
  },
  MicrosoftAppType: {
    schema: z.enum(['MultiTenant', 'SingleTenant'], { error: 'expected MultiTenant or SingleTenant' }).optional(),
    about: 'MultiTenant or SingleTenant',
    group: 'Teams',
  },
  ToBotFromChannelOpenIdMetadataUrl: {
    schema: trusted('https://login.botframework.com/v1/.well-known/openidconfiguration').optional(),
    about: 'another OpenID metadata address, for tests; one of this machine lets services of this machine in',
    group: 'Teams',
  },
  ToChannelFromBotLoginUrlPrefix: {
    schema: trusted('https://login.microsoftonline.com').optional(),
    about: 'another login address, without the tenant, for tests',
    group: 'Teams',
  },
} as const satisfies Record<string, { schema: z.ZodType; about: string; group: string; secret?: boolean }>;
