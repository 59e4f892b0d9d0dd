import { z } from 'zod';
import type { InboundEvent, Origin } from '../../bot/conversation/event.js';
import type { MessageRefs } from '../../bot/message-refs.js';
import { type Address, readAddress } from './address.js';

/**
 * Which conversation spoke last in a user's direct messages, where that is not theirs: one of a channel or of App Home, whose
 * news comes there. What is typed next is said to it ("stop" after an alert, "2" after its offers).
 */
export interface News {
  /** A message of `conversationId` stands in the user's direct messages; `ts` is Slack's time of it. */
  told(to: Address, conversationId: string, place: string, ts: string): Promise<void>;
  /** What was said or pressed, for the conversation it was meant for. `ts` is Slack's time of what was typed. */
  heard(event: InboundEvent, ts: string | undefined): Promise<InboundEvent>;
}

export interface NewsParts {
  readonly refs: MessageRefs;
  readonly conversationIdOf: (origin: Origin, place: string) => string;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const KEY = 'news';

const spoke = z.object({ conversationId: z.string(), place: z.string(), ts: z.string() });
type Spoke = z.infer<typeof spoke>;

export function createNews({ refs, conversationIdOf, now }: NewsParts): News {
  /** Not an id of a person's: the name of a place that is none. */
  const keyOf = ({ t, u }: Address) =>
    conversationIdOf({ channel: 'slack', workspace: t, user: u, address: '' }, 'direct');

  async function last(to: Address): Promise<Spoke | undefined> {
    const noted = await refs.get(keyOf(to), KEY);
    return noted === undefined ? undefined : spoke.safeParse(JSON.parse(noted)).data;
  }

  async function note(to: Address, before: Spoke | undefined, now: Spoke): Promise<void> {
    const known = before ?? { conversationId: now.conversationId, place: '' };
    if (known.conversationId === now.conversationId && known.place === now.place) return;
    await refs.set(keyOf(to), KEY, JSON.stringify(now)).catch(() => undefined);
  }

  async function meantFor(event: InboundEvent & { readonly from: Origin }, ts: string | undefined) {
    const to = readAddress(event.from.address);
    if (to.k !== 'dm') return event;
    const { conversationId } = event;
    const before = await last(to);
    // What was typed before it came was no answer to it, also when Slack delivers it once more.
    const answers = ts !== undefined && before !== undefined && before.place !== '' && Number(ts) > Number(before.ts);
    if (event.kind === 'text' && answers) {
      const address = JSON.stringify({ ...to, p: before.place });
      return { ...event, conversationId: before.conversationId, from: { ...event.from, address } };
    }
    // Not waited for: every event takes one look, so that none overtakes the one before it.
    void note(to, before, { conversationId, place: to.p ?? '', ts: ts ?? String(now() / 1000) });
    return event;
  }

  return {
    // Without the note, what is typed is said to the direct messages' own conversation.
    async told(to, conversationId, place, ts) {
      await note(to, await last(to).catch(() => undefined), { conversationId, place, ts });
    },
    heard: async (event, ts) => ('from' in event ? meantFor(event, ts).catch(() => event) : event),
  };
}
