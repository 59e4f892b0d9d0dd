import { LRUCache } from 'lru-cache';
import { ChannelBusy, ChannelRefused, ChannelUnreachable } from '../../bot/channel.js';
import type { Address } from './address.js';
import type { Connector } from './connector.js';
import { TeamsAnswered } from './errors.js';

/** The personal chats Refill has with people: where everything about a line is said, wherever it was asked. */
export interface PersonalChats {
  /** The chat's id, where it is known in this process. */
  known(person: Pick<Address, 'tenantId' | 'userId'>): string | undefined;
  /** Notes the id of a chat the person wrote in. */
  learn(person: Address): void;
  /**
   * The address with the personal chat's id, which is opened when it is not known.
   *
   * @throws ChannelRefused when Teams does not let us (the app is not installed for this person); ChannelBusy, ChannelUnreachable
   */
  open(person: Address): Promise<Address>;
}

const BUSY_MS = 2_000;

export function createPersonalChats(connector: Connector): PersonalChats {
  const ids = new LRUCache<string, string>({ max: 50_000 });
  const opening = new Map<string, Promise<string>>();
  const nameOf = ({ tenantId, userId }: Pick<Address, 'tenantId' | 'userId'>) => `${tenantId} ${userId}`;

  async function ask(person: Address): Promise<string> {
    const { verdict, status, reasons, retryAfterMs, id } = await connector.open(person);
    const cause = new TeamsAnswered(status, reasons);
    if (verdict === 'busy') throw new ChannelBusy(retryAfterMs ?? BUSY_MS, { cause });
    if (verdict === 'down' || verdict === 'unauthorized')
      throw new ChannelUnreachable('Teams cannot open the chat now', { cause });
    if (verdict !== 'ok' || id === '') throw new ChannelRefused('Teams opens no chat with this person', { cause });
    ids.set(nameOf(person), id);
    return id;
  }

  return {
    known: (person) => ids.get(nameOf(person)),
    learn: (person) => void ids.set(nameOf(person), person.conversationId),
    async open(person) {
      if (person.conversationId !== '') return person;
      const name = nameOf(person);
      const known = ids.get(name);
      if (known !== undefined) return { ...person, conversationId: known };
      const asked = opening.get(name) ?? ask(person).finally(() => opening.delete(name));
      opening.set(name, asked);
      return { ...person, conversationId: await asked };
    },
  };
}
