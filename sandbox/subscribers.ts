import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import type { KeyType, SubscriberKey } from '../bot/domain/subscriber.js';
import { SandboxMisuse } from './errors.js';
import { NUMBERS_PER_COUNTRY, numberOf, PERSONAS, type Persona } from './personas.js';
import { newSubscriber, restart, type Subscriber } from './state.js';

/** Clones kept at once; the oldest makes room for a new one, so that memory stays bounded. */
const MAX_CLONES = 250_000;

/** Numbers below this belong to the personas themselves. */
const FIRST_CLONE = 1_000;

const CLONE_ID = /^([a-z]+)~([a-z0-9]{1,16})$/;

/** Everybody who has a line: the personas from the start, and the clones that were asked for. */
export class Subscribers {
  private readonly byId = new Map<string, Subscriber>();
  private readonly byMsisdn = new Map<string, Subscriber>();

  constructor(private readonly now: () => Date) {
    for (const persona of PERSONAS) this.add(persona.id, persona, persona.msisdn);
  }

  get(id: string): Subscriber | undefined {
    return this.byId.get(id);
  }

  /** The subscriber `id`, or a `SandboxMisuse`. */
  require(id: string): Subscriber {
    const found = this.byId.get(id);
    if (found === undefined) throw new SandboxMisuse(404, 'no such subscriber; create a clone first');
    return found;
  }

  /**
   * The subscriber `id`, made when new: a persona's id, or `persona~suffix` for a fresh and independent copy of that persona.
   * The number of a clone follows from its id; when it is taken, the next free one is used.
   */
  ensure(id: string): Subscriber {
    const found = this.byId.get(id);
    if (found !== undefined) return found;
    const persona = PERSONAS.find((candidate) => candidate.id === CLONE_ID.exec(id)?.[1]);
    if (persona === undefined) {
      throw new SandboxMisuse(400, 'expected the id of a persona, or persona~suffix with 1 to 16 of a-z and 0-9');
    }
    if (this.byId.size - PERSONAS.length >= MAX_CLONES) this.forgetOldestClone();
    return this.add(id, persona, this.freeNumber(id, persona));
  }

  /** Whom a telco call is about; `undefined` for a number or token that belongs to nobody. */
  find(key: SubscriberKey): Subscriber | undefined {
    const msisdn = key.type === 'MSISDN' ? key.value.replace(/^\+/, '') : openToken(key.type, key.value);
    return msisdn === undefined ? undefined : this.byMsisdn.get(msisdn);
  }

  /** Everybody back to where their persona begins, numbers kept. */
  restartAll(): void {
    for (const subscriber of this.byId.values()) restart(subscriber, this.now());
  }

  private add(id: string, persona: Persona, msisdn: string): Subscriber {
    const subscriber = newSubscriber(id, persona, msisdn, this.now());
    this.byId.set(id, subscriber);
    this.byMsisdn.set(msisdn, subscriber);
    return subscriber;
  }

  private freeNumber(id: string, { country }: Persona): string {
    const room = NUMBERS_PER_COUNTRY - FIRST_CLONE;
    let n = createHash('sha256').update(id).digest().readUInt32BE(0) % room;
    // Ends: there are far fewer clones than numbers.
    while (this.byMsisdn.has(numberOf(country, FIRST_CLONE + n))) n = (n + 1) % room;
    return numberOf(country, FIRST_CLONE + n);
  }

  private forgetOldestClone(): void {
    for (const [id, { msisdn, persona }] of this.byId) {
      if (id === persona.id) continue;
      this.byId.delete(id);
      this.byMsisdn.delete(msisdn);
      return;
    }
  }
}

/** All the ways a telco can be told about a line. */
export function keysOf({ msisdn }: Subscriber): Readonly<Record<Lowercase<KeyType>, string>> {
  return { msisdn, cpid: sealToken('CPID', msisdn), opet: sealToken('OPET', msisdn) };
}

/** Ends every CPID, as in Millom's own example: the comma has to survive a URL. */
const CPID_TAIL = ',50216';

/**
 * A token that stands for a number: stable, Base 64 with all its awkward letters, and worked out rather than stored. Not a
 * secret; it only has to look and travel like Millom's.
 */
function sealToken(type: 'CPID' | 'OPET', msisdn: string): string {
  const cipher = createCipheriv('aes-128-ecb', tokenKey(type), null);
  const token = Buffer.concat([cipher.update(msisdn.padEnd(31)), cipher.final()]).toString('base64');
  return type === 'CPID' ? token + CPID_TAIL : token;
}

function openToken(type: 'CPID' | 'OPET', token: string): string | undefined {
  if (type === 'CPID' && !token.endsWith(CPID_TAIL)) return undefined;
  const decipher = createDecipheriv('aes-128-ecb', tokenKey(type), null);
  try {
    const sealed = Buffer.from(type === 'CPID' ? token.slice(0, -CPID_TAIL.length) : token, 'base64');
    return Buffer.concat([decipher.update(sealed), decipher.final()])
      .toString()
      .trim();
  } catch {
    return undefined;
  }
}

function tokenKey(type: 'CPID' | 'OPET'): Buffer {
  return createHash('sha256').update(`refill sandbox ${type}`).digest().subarray(0, 16);
}
