import { z } from 'zod';
import type { SubscriberKey } from '../bot/domain/subscriber.js';
import { PERSONAS, type Persona } from './personas.js';

/** A subscriber of the sandbox: the persona it is, or is a copy of, with its own id and number. */
export type SandboxSubscriber = Persona;

/** A sandbox seen from outside, wherever it runs. */
export interface RemoteSandbox {
  readonly personas: readonly Persona[];
  /** The subscriber with this id, made when it is a new copy (`daniel~x7k2`); `undefined` when there is no such persona. */
  ensure(id: string): Promise<SandboxSubscriber | undefined>;
  /** Whose number it is, and with a text, what comes to that phone; `undefined` for nobody’s. */
  phone(number: string, text?: string): Promise<{ readonly id: string; readonly operator: string } | undefined>;
  /** Who is behind a CPID; `undefined` when that is nobody. */
  find(cpid: string): Promise<{ readonly operator: string; readonly key: SubscriberKey } | undefined>;
}

const TIMEOUT_MS = 5_000;

const answer = z.object({ id: z.string(), operator: z.string(), msisdn: z.string() });

/**
 * The personas, made real at the sandbox below `baseUrl`. Where something else answers there (a test's own telco), the
 * personas themselves still exist; their copies do not.
 */
export function remoteSandbox(baseUrl: string): RemoteSandbox {
  return {
    personas: PERSONAS,
    async ensure(id) {
      const persona = PERSONAS.find((candidate) => candidate.id === id.split('~')[0]);
      if (persona === undefined) return undefined;
      const made = await ask(`${baseUrl}/_sandbox/subscribers`, { id });
      if (made !== undefined) return { ...persona, ...made };
      return persona.id === id ? persona : undefined;
    },
    phone: (number, text) => ask(`${baseUrl}/_sandbox/phones`, { number, ...(text !== undefined && { text }) }),
    async find(cpid) {
      const found = await ask(`${baseUrl}/_sandbox/find`, { cpid });
      return found && { operator: found.operator, key: { type: 'MSISDN', value: found.msisdn } };
    },
  };
}

async function ask(url: string, body: object): Promise<z.infer<typeof answer> | undefined> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: 'error',
    });
    return answer.safeParse(await response.json()).data;
  } catch {
    return undefined;
  }
}
