import { z } from 'zod';

/** What a choice means when it is made. `slots` are small strings: plan ids, prices, language tags. */
export const intentSchema = z.object({
  name: z.string().max(60),
  slots: z.record(z.string(), z.string()).optional(),
});

export type Intent = z.infer<typeof intentSchema>;

/** The choices one message offered: what a number, a word or a pressed button of that message means. */
const choiceSet = z.object({
  id: z.string(),
  /** Epoch milliseconds from which its buttons count as stale. */
  until: z.number(),
  /** Epoch milliseconds at which it was sent: what was written before cannot mean it. */
  shownAt: z.number().optional(),
  options: z.array(
    z.object({
      label: z.string(),
      intent: intentSchema,
      /** Set where a few of the label's words are not enough (`Choice.exact`). */
      exact: z.boolean().optional(),
    }),
  ),
  /** What a form of this message means when it comes back. */
  form: intentSchema.optional(),
});

/** A flow that waits for an answer. `state` is checked against the flow's own schema when it is used. */
const frame = z.object({
  flow: z.string(),
  version: z.number(),
  step: z.string(),
  state: z.unknown(),
});

const SESSION_VERSION = 1;

const sessionSchema = z.object({
  v: z.literal(SESSION_VERSION),
  locale: z.string(),
  timezone: z.string(),
  lineId: z.string().optional(),
  /** Who the user is was changed here: what is remembered of an older version of it is out of date. */
  identity: z.number().optional(),
  /** Within a turn: the user was forgotten, and nothing of this is kept. */
  forgotten: z.boolean().optional(),
  /** A short hash of the origin last saved to the ledger: tells when it changed. */
  origin: z.string().optional(),
  /** Unset until the subscriber was asked whether nudges are welcome. */
  consentAsked: z.boolean().optional(),
  greeted: z.boolean().optional(),
  /** Set until a user who was given a persona of the sandbox was told so. */
  madeUp: z.boolean().optional(),
  /** When the last nudge about data, expiry or money was sent (epoch milliseconds), by that topic. */
  nudged: z.record(z.string(), z.number()).optional(),
  /** Something is owed that the platform takes only once they write. */
  owed: z.boolean().optional(),
  /** When somebody was asked for a top-up, the past day (epoch milliseconds). */
  topUps: z.array(z.number()).optional(),
  /** Inputs in a row that were not understood. */
  misses: z.number(),
  stack: z.array(frame),
  choices: z.array(choiceSet),
});

export type ChoiceSet = z.infer<typeof choiceSet>;
export type Session = z.infer<typeof sessionSchema>;

/** A session for someone we know nothing of the past hours about. */
export function newSession(known: Pick<Session, 'locale' | 'timezone'> & Partial<Session>): Session {
  return { v: SESSION_VERSION, misses: 0, stack: [], choices: [], ...known };
}

/** `undefined` for a session of another version or one that cannot be read: the conversation starts afresh. */
export function readSession(saved: string | undefined): Session | undefined {
  if (saved === undefined) return undefined;
  try {
    return sessionSchema.safeParse(JSON.parse(saved)).data;
  } catch {
    return undefined;
  }
}

/**
 * What is kept until the next turn. Choices that have gone stale are left out, but for the newest ones, so that a number typed
 * to them is not taken for one of an older message; of older ones only what a press needs is kept, not their words.
 */
export function writeSession(session: Session, now: number): string {
  const newest = session.choices.at(-1);
  const choices = session.choices
    .filter((set) => set.until > now || set === newest)
    .map((set) =>
      set === newest ? set : { ...set, options: set.options.map((option) => ({ ...option, label: '' })) },
    );
  return JSON.stringify({ ...session, choices });
}
