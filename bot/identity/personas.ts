import type { Ledger } from '../ledger/ledger.js';
import type { Identity } from './identity.js';

/** A made-up subscriber of the sandbox, for users nobody vouched for. */
export interface Persona {
  readonly operator: string;
  readonly msisdn: string;
  readonly locale: string;
  readonly timezone: string;
}

/** Gives every user of a sandbox the persona `find` names. Never used without the sandbox. */
export function personaIdentity(ledger: Ledger, find: (user: string) => Promise<Persona | undefined>): Identity {
  return {
    async resolve({ user }) {
      const persona = await find(user);
      if (persona === undefined) return undefined;
      const line = await ledger.ensureLine(persona.operator, { type: 'MSISDN', value: persona.msisdn });
      return { line, locale: persona.locale, timezone: persona.timezone };
    },
  };
}

/** For everybody who has no line yet, or whose every line is gone: whoever has one to prove again is not made up. */
export function unlessLinked(ledger: Pick<Ledger, 'linkedUser'>, identity: Identity): Identity {
  return {
    async resolve(origin) {
      const user = await ledger.linkedUser(origin);
      const none = user === undefined || user.links.length === 0;
      const known = none ? await identity.resolve(origin) : undefined;
      return known && { ...known, version: user?.version ?? 0 };
    },
  };
}
