import { isIP } from 'node:net';
import { z } from 'zod';
import { text, url, whole } from '../variable-kinds.js';
import { ROLES, type Role } from './roles.js';
import { isScope, type Scope } from './scopes.js';

const words = (example: string) =>
  z
    .string()
    .regex(/^[^\s,]+([\s,]+[^\s,]+)*$/, { error: `expected words like ${example}` })
    .transform((list) => list.split(/[\s,]+/));

/** An address, a network (`10.0.0.0/8`, `fd00::/8`), or one of the names Fastify has for some. */
function isNetwork(text: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true;
  const [address = '', prefix, ...rest] = text.split('/');
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  if (prefix === undefined) return bits > 0;
  return rest.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) > 0 && Number(prefix) <= bits;
}

/** `name=scope+scope, name=scope`: what a name of the issuer's stands for here. */
const scopeMap = z
  .string()
  .transform((list) => pairs(list).map(([name, value]) => [name, value.split('+')] as const))
  .refine((list) => list.every(([name, scopes]) => name !== '' && scopes.every(isScope)), {
    error: 'expected e.g. obp-apigw:write=notify+callback, with scopes of Refill',
  })
  .transform((list) => new Map<string, readonly Scope[]>(list.map(([name, scopes]) => [name, scopes.filter(isScope)])));

/** `role=name, role=name`: which of the issuer's names makes somebody what here. Kept as it is written, for the help text. */
const roleMap = z.string().refine((list) => rolesOf(list).length === pairs(list).length && rolesOf(list).length > 0, {
  error: 'expected e.g. admin=refill-admin, agent=refill-agent, viewer=refill-viewer',
});

/** The highest role first, so that the first name somebody has decides. */
export function rolesOf(list: string): { readonly role: Role; readonly name: string }[] {
  const given = pairs(list);
  return ROLES.toReversed().flatMap((role) =>
    given.filter(([key, name]) => key === role && name !== '').map(([, name]) => ({ role, name })),
  );
}

function pairs(list: string): [string, string][] {
  const items = list.split(/[\s,]+/).filter((item) => item !== '');
  return items.map((item) => {
    const at = item.lastIndexOf('=');
    return [item.slice(0, Math.max(0, at)), item.slice(at + 1)];
  });
}

/** Who may call Refill, and who may look into it. */
export const ACCESS_VARIABLES = {
  REFILL_PUBLIC_URL: {
    schema: url(/^https?$/, 'https://refill.example.com').optional(),
    about: 'where people and systems reach Refill from outside; needed for login',
    group: 'Access',
  },
  REFILL_TRUSTED_PROXIES: {
    schema: words('10.0.0.0/8, 127.0.0.1')
      .refine((list) => list.every(isNetwork), { error: 'expected addresses or networks like 10.0.0.0/8, 127.0.0.1' })
      .optional(),
    about: 'addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed',
    group: 'Access',
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
  REFILL_CLIENT_REQUESTS_PER_MINUTE: {
    schema: whole(1, 1_000_000).default(6000),
    about: 'what one client may ask in a minute for each scope, over all processes; above it 429',
    group: 'Callers',
  },
  REFILL_FAILURES_PER_ADDRESS: {
    schema: whole(1, 1_000_000).default(30),
    about: 'wrong credentials one address may send in ten minutes',
    group: 'Callers',
  },
  REFILL_ISSUER_URL: {
    schema: url(/^https?$/, 'https://keycloak.example.com/realms/telco').optional(),
    about: 'takes access tokens of this issuer too, e.g. a Keycloak realm',
    group: 'Callers',
  },
  REFILL_ISSUER_AUDIENCE: {
    schema: text('an audience').default('refill'),
    about: 'what their aud must name',
    group: 'Callers',
  },
  REFILL_ISSUER_JWKS_URL: {
    schema: url(/^https?$/, 'https://keycloak.example.com/realms/telco/protocol/openid-connect/certs').optional(),
    about: 'where the issuer’s keys are; empty: asked of its discovery document',
    group: 'Callers',
  },
  REFILL_ISSUER_CLIENTS: {
    schema: words('obp-apigw').optional(),
    about: 'clients of the issuer (azp) that may call; empty: all',
    group: 'Callers',
  },
  REFILL_ISSUER_SCOPES: {
    schema: scopeMap.optional(),
    about: 'what its scopes and roles stand for, e.g. obp-apigw:write=notify+callback',
    group: 'Callers',
  },
  REFILL_LOGIN_ISSUER_URL: {
    schema: url(/^https?$/, 'https://keycloak.example.com/realms/staff').optional(),
    about: 'OpenID Connect issuer that people log in with; empty: a one-time token printed at the start',
    group: 'Login',
  },
  REFILL_LOGIN_CLIENT_ID: { schema: text('a client id').optional(), about: 'our client id there', group: 'Login' },
  REFILL_LOGIN_CLIENT_SECRET: {
    schema: text('the client secret').optional(),
    about: 'its secret; empty for a public client',
    group: 'Login',
    secret: true,
  },
  REFILL_LOGIN_SCOPE: {
    schema: text('scopes').default('openid profile'),
    about: 'what is asked of the issuer',
    group: 'Login',
  },
  REFILL_LOGIN_CLAIM: {
    schema: text('a claim').default('realm_access.roles'),
    about: 'claim that holds somebody’s roles or groups; dots lead into objects',
    group: 'Login',
  },
  REFILL_LOGIN_ROLES: {
    schema: roleMap.default('admin=refill-admin, agent=refill-agent, viewer=refill-viewer'),
    about: 'which names there make an admin, an agent, a viewer: admin=refill-admin, agent=…',
    group: 'Login',
  },
  REFILL_SESSION_IDLE_MINUTES: {
    schema: whole(1, 24 * 60).default(30),
    about: 'a login ends after this long without a request',
    group: 'Login',
  },
  REFILL_SESSION_HOURS: {
    schema: whole(1, 24 * 7).default(12),
    about: 'and after this long in any case',
    group: 'Login',
  },
} as const satisfies Record<string, { schema: z.ZodType; about: string; group: string; secret?: boolean }>;
