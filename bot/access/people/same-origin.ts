import type { FastifyRequest } from 'fastify';
import { HttpProblem } from '../../problem.js';

/** Our pages send it with whatever changes something; another site's page cannot without the browser asking us first. */
export const PAGE_HEADER = 'x-refill-page';

const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses what changes something and does not come from our own page: where the browser says a request comes from (Fetch
 * Metadata, else `Origin`) must be here, and the page's own header must be on it. `publicUrl` counts as here too, because a proxy
 * may write another `Host`. Throws a 403.
 */
export function mustBeOurPage(
  { method, headers }: Pick<FastifyRequest, 'method' | 'headers'>,
  publicUrl: string | undefined,
): void {
  if (READING.has(method)) return;
  const { origin, host, 'sec-fetch-site': site } = headers;
  const isHere = site === undefined ? isOurs(origin, host, publicUrl) : site === 'same-origin';
  if (!isHere || headers[PAGE_HEADER] === undefined) {
    throw new HttpProblem(403, 'OTHER_ORIGIN', 'Only our own page may do this.');
  }
}

/** No `Origin` at all: no browser, or one that is older than any we know. */
function isOurs(origin: string | undefined, host: string | undefined, publicUrl: string | undefined): boolean {
  if (origin === undefined) return true;
  return (
    origin === `http://${host}` ||
    origin === `https://${host}` ||
    (publicUrl !== undefined && origin === new URL(publicUrl).origin)
  );
}
