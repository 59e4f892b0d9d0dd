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
/** Slack sends an event again for six minutes: at once, after one and after five more (docs.slack.dev/apis/events-api). */
const AGAIN_MS = 600_000;

const meant = z.object({ conversationId: z.string(), place: z.string() });
type Meant = z.infer<typeof meant>;
const spoke = meant.extend({ ts: z.string() });
type Spoke = z.infer<typeof spoke>;

type Said = InboundEvent & { readonly from: Origin };

/** The event as one of another conversation, answered in the direct messages all the same. */
function saidTo(event: Said, to: Address, { conversationId, place }: Meant): Said {
  if (conversationId === event.conversationId) return event;
  return { ...event, conversationId, from: { ...event.from, address: JSON.stringify({ ...to, p: place }) } };
}

export function createNews({ refs, conversationIdOf, now }: NewsParts): News {
  /** Not an id of a person's: the name of a place that is none. */
  const keyOf = ({ t, u }: Address) =>
    conversationIdOf({ channel: 'slack', workspace: t, user: u, address: '' }, 'direct');

  async function read<T>(to: Address, key: string, shape: z.ZodType<T>): Promise<T | undefined> {
    const noted = await refs.get(keyOf(to), key);
    return noted === undefined ? undefined : shape.safeParse(JSON.parse(noted)).data;
  }
  const last = (to: Address) => read(to, KEY, spoke);

  async function note(to: Address, before: Spoke | undefined, now: Spoke): Promise<void> {
    const known = before ?? { conversationId: now.conversationId, place: '' };
    if (known.conversationId === now.conversationId && known.place === now.place) return;
    await refs.set(keyOf(to), KEY, JSON.stringify(now)).catch(() => undefined);
  }

  async function meantFor(event: Said, ts: string | undefined): Promise<Said> {
    const to = readAddress(event.from.address);
    if (to.k !== 'dm') return event;
    const typed = event.kind === 'text' && ts !== undefined;
    const again = `heard:${event.id}`;
    const [before, first] = await Promise.all([last(to), typed ? read(to, again, meant) : undefined]);
    // Sent again by Slack: where it went is where it is known by its id, whoever spoke since.
    if (first !== undefined) return saidTo(event, to, first);
    const own = { conversationId: event.conversationId, place: to.p ?? '' };
    // What was typed before it came was no answer to it.
    const answers = typed && before !== undefined && before.place !== '' && Number(ts) > Number(before.ts);
    const { conversationId, place } = answers ? before : own;
    // Not waited for: every event takes one look, so that none overtakes the one before it.
    if (typed)
      void refs.set(keyOf(to), again, JSON.stringify({ conversationId, place }), AGAIN_MS).catch(() => undefined);
    if (answers) return saidTo(event, to, before);
    void note(to, before, { ...own, ts: ts ?? String(now() / 1000) });
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
