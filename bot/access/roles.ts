/** What people who log in may do; each includes those before it. */
export const ROLES = ['viewer', 'agent', 'admin'] as const;

export type Role = (typeof ROLES)[number];

/** Whether somebody with `role` may do what `needed` may. */
export function mayAct(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}
