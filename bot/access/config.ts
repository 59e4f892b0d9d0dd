import type { z } from 'zod';
import type { IssuerSettings } from './issuer-tokens.js';
import type { Role } from './roles.js';
import { type ACCESS_VARIABLES, rolesOf } from './variables.js';

/** An OpenID Connect issuer that people log in with. */
export interface LoginSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly scope: string;
  /** Where in the claims the names are that make roles; dots lead into objects. */
  readonly claim: string;
  /** The highest role first. */
  readonly roles: readonly { readonly role: Role; readonly name: string }[];
}

export interface AccessConfig {
  /** Without a slash at the end. */
  readonly publicUrl: string | undefined;
  readonly trustedProxies: readonly string[];
  readonly requestsPerMinute: number;
  readonly failuresPerAddress: number;
  readonly external: IssuerSettings | undefined;
  /** `undefined`: a one-time token is printed at the start. */
  readonly login: LoginSettings | undefined;
  readonly session: { readonly idleMs: number; readonly longestMs: number };
}

type AccessValues = { readonly [N in keyof typeof ACCESS_VARIABLES]: z.output<(typeof ACCESS_VARIABLES)[N]['schema']> };

/** Who may call and who may look; adds what is wrong to `problems`. */
export function accessOf(values: AccessValues, problems: string[]): AccessConfig {
  return {
    publicUrl: values.REFILL_PUBLIC_URL,
    trustedProxies: values.REFILL_TRUSTED_PROXIES ?? [],
    requestsPerMinute: values.REFILL_CLIENT_REQUESTS_PER_MINUTE,
    failuresPerAddress: values.REFILL_FAILURES_PER_ADDRESS,
    external: values.REFILL_ISSUER_URL === undefined ? undefined : issuerOf(values, values.REFILL_ISSUER_URL),
    login: loginOf(values, problems),
    session: {
      idleMs: values.REFILL_SESSION_IDLE_MINUTES * 60_000,
      longestMs: values.REFILL_SESSION_HOURS * 3_600_000,
    },
  };
}

function issuerOf(values: AccessValues, url: string): IssuerSettings {
  return {
    url,
    audience: values.REFILL_ISSUER_AUDIENCE,
    jwksUrl: values.REFILL_ISSUER_JWKS_URL,
    clients: values.REFILL_ISSUER_CLIENTS ?? [],
    scopes: values.REFILL_ISSUER_SCOPES ?? new Map(),
  };
}

function loginOf(values: AccessValues, problems: string[]): LoginSettings | undefined {
  const { REFILL_LOGIN_ISSUER_URL: issuer, REFILL_LOGIN_CLIENT_ID: clientId, REFILL_PUBLIC_URL: publicUrl } = values;
  if (issuer === undefined) return undefined;
  if (clientId === undefined) problems.push('REFILL_LOGIN_CLIENT_ID: required, because REFILL_LOGIN_ISSUER_URL is set');
  if (publicUrl === undefined) problems.push('REFILL_PUBLIC_URL: required, because REFILL_LOGIN_ISSUER_URL is set');
  return {
    issuer,
    clientId: clientId ?? '',
    clientSecret: values.REFILL_LOGIN_CLIENT_SECRET,
    scope: values.REFILL_LOGIN_SCOPE,
    claim: values.REFILL_LOGIN_CLAIM,
    // A wrong variable has no value here, whatever its type says; it is a problem already.
    roles: rolesOf(values.REFILL_LOGIN_ROLES ?? ''),
  };
}
