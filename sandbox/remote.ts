import { z } from 'zod';
import { PERSONAS, type Persona } from './personas.js';

/** A subscriber of the sandbox: the persona it is, or is a copy of, with its own id and number. */
export type SandboxSubscriber = Persona;

/** A sandbox seen from outside, wherever it runs. */
export interface RemoteSandbox {
  readonly personas: readonly Persona[];
  /** The subscriber with this id, made when it is a new copy (`daniel~x7k2`); `undefined` when there is no such persona. */
  ensure(id: string): Promise<SandboxSubscriber | undefined>;
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
      const made = await make(`${baseUrl}/_sandbox/subscribers`, id);
      if (made !== undefined) return { ...persona, ...made };
      return persona.id === id ? persona : undefined;
    },
  };
}

async function make(url: string, id: string): Promise<z.infer<typeof answer> | undefined> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: 'error',
    });
    return answer.safeParse(await response.json()).data;
  } catch {
    return undefined;
  }
}
