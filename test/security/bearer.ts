import { type CryptoKey, exportJWK, exportSPKI } from 'jose';
import { FORGE, type Known } from '../access/forgeries.js';
import { headerOf, misspelt, pick, type Request, type Way, withHeaders } from './forging.js';

export const tokenOf = (good: Request): string => headerOf(good, 'authorization').slice(7);
export const bearing = (good: Request, token: string): Request =>
  withHeaders(good, { authorization: `Bearer ${token}` });

/** So many of them. */
export const each = <T>(count: number, make: (n: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, n) => make(n)));

/** What a forger may know: good tokens, the public key, and tokens of somebody else. */
export async function knownOf(tokens: readonly string[], foreign: readonly string[], key: CryptoKey): Promise<Known> {
  return { tokens, foreign, publicPem: await exportSPKI(key), publicJwk: { ...(await exportJWK(key)) } };
}

/** Ways to get in by a bearer token that nobody was given; `known` is asked for when it is needed. */
export function bearerWays(known: () => Known): Record<string, Way> {
  return {
    ...Object.fromEntries(
      FORGE.map((forge, n): [string, Way] => [
        `token ${n}`,
        (good, random) => bearing(good, forge(tokenOf(good), random, known())),
      ]),
    ),
    ...misspelt('token', tokenOf, bearing),
    ...misspelt(
      'signature',
      (good) => tokenOf(good).split('.')[2] ?? '',
      (good, text) => bearing(good, [...tokenOf(good).split('.').slice(0, 2), text].join('.')),
    ),
    none: (good) => withHeaders(good, { authorization: undefined }),
    'another scheme': (good, random) => {
      const scheme = pick(['Basic ', 'JWT ', '', 'Bearer: ', 'Bearer', 'Bearer  ', 'Bearer\t', 'DPoP '], random);
      return withHeaders(good, { authorization: `${scheme}${tokenOf(good)}` });
    },
    'with another beside it': (good, random) => {
      const [right, wrong] = [headerOf(good, 'authorization'), `Bearer ${pick(known().foreign, random)}`];
      const both = [`${right}, ${wrong}`, `${wrong}, ${right}`, [right, wrong], [wrong, right], [right, right]];
      return withHeaders(good, { authorization: pick<string | string[]>(both, random) });
    },
    'in the address or a cookie': (good, random) => ({
      ...withHeaders(good, { authorization: undefined, cookie: `access_token=${tokenOf(good)}` }),
      url: `${good.url}${good.url.includes('?') ? '&' : '?'}access_token=${tokenOf(good)}&r=${random(10)}`,
    }),
  };
}
