import type { Origin } from '../conversation/event.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Identity } from './identity.js';
import type { Persona } from './personas.js';

type Person = Pick<Origin, 'channel' | 'workspace' | 'user'>;

/** Whom the operator vouches for: the links imported with `npm run links`. */
export function directoryIdentity(ledger: Pick<Ledger, 'linkedLine'>): Identity {
  return {
    async resolve(origin) {
      const { channel, workspace, user } = asListed(origin);
      const line = await ledger.linkedLine(channel, workspace, user);
      return line && { line };
    },
  };
}

/** WhatsApp users by the number Meta vouches for. Users known by a business-scoped id have none and stay unknown. */
export function numberIdentity(ledger: Pick<Ledger, 'ensureLine'>, operator: string): Identity {
  return {
    async resolve({ channel, user }) {
      if (channel !== 'whatsapp' || !MSISDN.test(user)) return undefined;
      return { line: await ledger.ensureLine(operator, { type: 'MSISDN', value: user }) };
    },
  };
}

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

/** E.164 without `+` (ITU-T E.164: 15 digits at most, and no country code begins with 0); shorter than 8 is no subscriber's. */
export const MSISDN = /^[1-9]\d{7,14}$/;

/** A person as the directory spells them: Teams' GUIDs in either case are the same, and the web channel has no workspaces. */
export function asListed({ channel, workspace, user }: Person): Person {
  if (channel === 'teams') return { channel, workspace: workspace.toLowerCase(), user: user.toLowerCase() };
  return { channel, workspace: channel === 'web' ? '' : workspace, user };
}
