import type { FastifyInstance } from 'fastify';

/** Pages of our own, from our own files only. */
export const PAGE_CSP = [
  "default-src 'self'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "form-action 'self'",
].join('; ');

/** What is no page has nothing to load, and is shown in nobody's frame. */
const NO_PAGE_CSP = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Nothing a page of ours uses. */
const NO_FEATURES = 'accelerometer=(), camera=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()';

const YEAR_SECONDS = 31_536_000;

/**
 * What every answer tells browsers. A route that is a page sets its own `content-security-policy`; everything else gets one that
 * allows nothing. `Strict-Transport-Security` goes out over https only, as RFC 6797 asks.
 */
export function setSecurityHeaders(http: FastifyInstance, publicUrl: string | undefined): void {
  const https = publicUrl?.startsWith('https:') === true;
  http.addHook('onSend', async (request, reply) => {
    const csp = reply.getHeader('content-security-policy');
    if (csp === undefined) reply.header('content-security-policy', NO_PAGE_CSP);
    reply.header('x-frame-options', 'DENY');
    reply.header('cross-origin-opener-policy', 'same-origin');
    reply.header('cross-origin-resource-policy', 'same-origin');
    reply.header('permissions-policy', NO_FEATURES);
    if (https || request.protocol === 'https') {
      reply.header('strict-transport-security', `max-age=${YEAR_SECONDS}`);
    }
  });
}
