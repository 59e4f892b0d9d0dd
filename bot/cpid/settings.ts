import type { z } from 'zod';
import { text, url, whole } from '../variable-kinds.js';

/** How the phone gets its CPID from the operator, and where it reaches our page. */
export interface CpidSettings {
  /**
   * `fetch`: the page asks the operator's endpoint itself (cpid.yaml). `redirect`: the page sends the phone to an address of the
   * operator's, which adds the CPID and sends it back.
   */
  readonly mode: 'fetch' | 'redirect';
  /** The endpoint; for `redirect` with `{app}` and `{return}` in it. */
  readonly url: string;
  /** The service provider agreed with Millom (`app` in cpid.yaml). */
  readonly app: string;
  readonly operator: string;
  /** Where phones reach our page, without a slash at its end. */
  readonly pageUrl: string;
  /** Longer than that no CPID is good here, whatever `ttlSeconds` the phone brought with it. */
  readonly maxTtlSeconds: number;
}

/** As in cpid.yaml's example. */
export const CPID_DAYS = 30;

export const CPID_VARIABLES = {
  MILLOM_CPID_URL: {
    schema: url(/^https?$/, 'http://cpid.example.com/cpid').optional(),
    about: 'the operator’s CPID endpoint, asked by the subscriber’s phone; empty: nobody links by CPID',
    group: 'Millom',
  },
  MILLOM_CPID_REDIRECT_URL: {
    schema: text('a URL with {return} in it')
      .refine((given) => /^https?:\/\/.+\{return\}/.test(given), { error: 'expected a URL with {return} in it' })
      .optional(),
    about: 'in place of it: an address that adds the CPID and sends the phone back to {return}; {app} is filled in',
    group: 'Millom',
  },
  REFILL_CPID_PAGE_URL: {
    schema: url(/^https?$/, 'http://link.example.com').optional(),
    about: 'where phones reach Refill’s CPID page; empty: REFILL_PUBLIC_URL',
    group: 'Identity',
  },
  REFILL_CPID_DAYS: {
    schema: whole(1, 366).default(CPID_DAYS),
    about: 'days after which a line linked by CPID has to be confirmed again, however long the CPID says it is good',
    group: 'Identity',
  },
} as const satisfies Record<string, { schema: z.ZodType; about: string; group: string }>;

/** What `cpidOf` reads of the configuration. */
export interface CpidSources {
  readonly fetchUrl: string | undefined;
  readonly redirectUrl: string | undefined;
  readonly pageUrl: string | undefined;
  readonly days: number;
  readonly millom: { readonly serviceProvider: string; readonly operator: string } | undefined;
}

/** The settings, or `undefined` when nobody links by CPID; what does not fit together goes to `problems`. */
export function cpidOf(
  { fetchUrl, redirectUrl, pageUrl, days, millom }: CpidSources,
  problems: string[],
): CpidSettings | undefined {
  const endpoint = redirectUrl ?? fetchUrl;
  if (endpoint === undefined) return undefined;
  const mode = redirectUrl === undefined ? 'fetch' : 'redirect';
  const name = mode === 'fetch' ? 'MILLOM_CPID_URL' : 'MILLOM_CPID_REDIRECT_URL';
  if (millom === undefined) problems.push(`MILLOM_BASE_URL: required, because ${name} is set`);
  if (pageUrl === undefined) problems.push(`REFILL_CPID_PAGE_URL: required, because ${name} is set`);
  if (mode === 'fetch' && endpoint.startsWith('http:') && pageUrl?.startsWith('https:')) {
    problems.push(
      'MILLOM_CPID_URL: a browser does not ask http from an https page (mixed content): give an http address as ' +
        'REFILL_CPID_PAGE_URL, or set MILLOM_CPID_REDIRECT_URL (docs/cpid.md)',
    );
  }
  if (millom === undefined || pageUrl === undefined) return undefined;
  const { serviceProvider: app, operator } = millom;
  return { mode, url: endpoint, app, operator, pageUrl, maxTtlSeconds: days * 86_400 };
}
