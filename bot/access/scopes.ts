/** What a calling system may be allowed to do; each route asks for exactly one. */
export const SCOPES = ['notify', 'callback', 'purchases.read', 'links.write', 'links.block'] as const;

export type Scope = (typeof SCOPES)[number];

/** What Millom needs, and what an open sandbox lets anybody do. */
export const MILLOM_SCOPES: readonly Scope[] = ['notify', 'callback'];

export function isScope(name: string): name is Scope {
  return SCOPES.some((scope) => scope === name);
}
