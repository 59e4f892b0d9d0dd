/** How a cookie is kept from other sites, scripts and, over https, from anybody on the way. */
export interface CookieOptions {
  /** Reached over https: the `__Host-` prefix binds the cookie to this very host. */
  readonly secure: boolean;
  readonly maxAgeSeconds: number;
}

const nameOf = (name: string, secure: boolean) => (secure ? `__Host-refill_${name}` : `refill_${name}`);

/** The value of a `Set-Cookie` header; `Lax`, because a login comes back by a link from another site. */
export function cookie(name: string, value: string, { secure, maxAgeSeconds }: CookieOptions): string {
  const flags = `Path=/; HttpOnly; SameSite=Lax; Max-Age=${maxAgeSeconds}${secure ? '; Secure' : ''}`;
  return `${nameOf(name, secure)}=${value}; ${flags}`;
}

/** What the browser sent under that name. Over https only the prefixed one counts: the other anybody near could have set. */
export function cookieOf(header: string | undefined, name: string, secure: boolean): string | undefined {
  return cookieNamed(header, nameOf(name, secure));
}

/** The one cookie of that name. Of two nobody knows which one we set: a neighbour under the same domain can add one. */
export function cookieNamed(header: string | undefined, name: string): string | undefined {
  let found: string | undefined;
  for (const pair of header?.split(';') ?? []) {
    const at = pair.indexOf('=');
    if (at <= 0 || pair.slice(0, at).trim() !== name) continue;
    if (found !== undefined) return undefined;
    found = pair.slice(at + 1).trim();
  }
  return found;
}
