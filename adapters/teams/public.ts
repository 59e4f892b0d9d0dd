import type { Address } from './address.js';
import type { Connector } from './connector.js';
import type { PersonalChats } from './personal.js';
import type { TeamsWords } from './words.js';

/** What is said where others read: where the answer is, never what it is. A failure is of no consequence. */
export interface Public {
  /** After somebody asked in a group: that the answer is in their personal chat, when there is one to have it in. */
  point(place: Address, person: Address, words: TeamsWords, question: string | undefined): Promise<void>;
  /** When the bot was added to a group. */
  introduce(place: Address, words: TeamsWords): Promise<void>;
}

export function createPublic(connector: Connector, chats: PersonalChats): Public {
  async function say(place: Address, text: string, question?: string): Promise<void> {
    const { botId, conversationId } = place;
    const activity = {
      type: 'message',
      textFormat: 'plain',
      text,
      from: { id: botId, name: '' },
      conversation: { id: conversationId, isGroup: true, conversationType: '', name: '' },
      ...(question !== undefined && { replyToId: question }),
    };
    await connector.post(place, activity, question).catch(() => undefined);
  }

  return {
    async point(place, person, { answeredInPrivate, writeToMe }, question) {
      const opened = await chats.open(person).then(
        () => true,
        () => false,
      );
      await say(place, opened ? answeredInPrivate : writeToMe, question);
    },
    introduce: (place, { writeToMe }) => say(place, writeToMe),
  };
}
