import { asListed } from '../domain/chat-user.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Identity } from './identity.js';
import type { Persona } from './personas.js';

/**
 * A made-up subscriber for everybody nobody vouched for, each the same one every time: a copy of the first persona, or that
 * persona itself where the telco makes no copies. Never used without the sandbox.
 */
export function assignedPersona(
  ledger: Pick<Ledger, 'ensureLine'>,
  personas: readonly { readonly id: string }[],
  ensure: (id: string) => Promise<Persona | undefined>,
  reference: (...parts: string[]) => string,
): Identity {
  return {
    async resolve(origin) {
      const id = personas[0]?.id;
      if (id === undefined) return undefined;
      const { channel, workspace, user } = asListed(origin);
      const copy = Buffer.from(reference('persona', channel, workspace, user), 'base64url').toString('hex', 0, 4);
      const persona = (await ensure(`${id}~${copy}`)) ?? (await ensure(id));
      if (persona === undefined) return undefined;
      const line = await ledger.ensureLine(persona.operator, { type: 'MSISDN', value: persona.msisdn });
      // The number is made up, the person is not: their own language and time go first.
      return {
        line,
        locale: origin.locale ?? persona.locale,
        timezone: origin.timezone ?? persona.timezone,
        madeUp: true,
      };
    },
  };
}

/** The first of several that knows who this is. */
export function firstOf(...identities: readonly Identity[]): Identity {
  return {
    async resolve(origin) {
      for (const identity of identities) {
        const known = await identity.resolve(origin);
        if (known !== undefined) return known;
      }
      return undefined;
    },
  };
}
