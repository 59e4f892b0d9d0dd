import { ChannelBusy, ChannelRefused, ChannelUnreachable, type Inbox, type Outgoing } from '../../bot/channel.js';
import { CODE_NOTICE } from './code-template.js';
import { GraphRefused, type Reaction } from './errors.js';
import type { Holds } from './holds.js';
import type { TemplateContent } from './templates.js';
import { LOCKED_OUT_MS, SHORT_WAIT_MS, spread, type Waits } from './waits.js';
import type { Window } from './window.js';

export interface ConsequencesParts {
  readonly window: Window;
  readonly waits: Waits;
  readonly holds: Holds;
  readonly operator: Pick<Inbox, 'alert' | 'optedOut'>;
}

/** A code and the message it was about. */
export interface Verdict {
  readonly code: number;
  readonly conversationId: string | undefined;
  /** When the message went out, in epoch milliseconds; absent where a status says the code later. */
  readonly sentAt?: number;
  readonly retryAfterMs?: number | undefined;
}

/** What a code means for the messages after the one it was about. */
export interface Consequences {
  /** Waits a moment where that is enough. @throws ChannelBusy or, for what has to be left unsaid for now, ChannelRefused */
  mayI(outgoing: Outgoing, how: 'free' | 'template'): Promise<void>;
  /** The platform took a message that went out then. */
  took(conversationId: string, sentAt: number): void;
  /** This template is not tried again for a while. */
  rest(content: TemplateContent): Promise<void>;
  /** @throws ChannelBusy or ChannelUnreachable where the same message may go out later. */
  apply(reaction: Reaction, verdict: Verdict): Promise<void>;
}

const DAY_MS = 24 * 3_600_000;
/** Until somebody looked; the alert is repeated when it is tried again. */
const HALT_MS = 3_600_000;
/** As long as the first pause of a template (CHANNELS.md "Pausing on low quality"). */
const TEMPLATE_RESTS_MS = 3 * 3_600_000;

export function createConsequences({ waits, holds, operator, window }: ConsequencesParts): Consequences {
  return {
    async mayI(outgoing, how) {
      const holding = holdsOn(outgoing, how);
      if (holding.length > 0 && (await holds.held(...holding).catch(notKnown)))
        throw new ChannelRefused('proactive messages are halted');
      await waits.pass(outgoing.conversationId);
    },

    took: waits.took,

    rest: (content) => holds.hold(holdOf(content), TEMPLATE_RESTS_MS),

    async apply(reaction, { code, conversationId, sentAt, retryAfterMs }) {
      const platformCode = `WHATSAPP_${code}`;
      const cause = new GraphRefused(code);
      switch (reaction.do) {
        case 'retry':
          throw new ChannelUnreachable('WhatsApp is not well', { cause });
        case 'wait': {
          const wait = await waits.busy({ who: reaction.who, conversationId, sentAt, retryAfterMs });
          // The next attempt sleeps through a short one.
          if (wait > SHORT_WAIT_MS) throw new ChannelBusy(spread(wait), { cause });
          return;
        }
        case 'locked-out':
          if (await waits.lockOut()) operator.alert(platformCode, 'WhatsApp refuses the access token');
          throw new ChannelBusy(spread(LOCKED_OUT_MS), { cause });
        case 'halt':
          if (!holds.holding('proactive')) operator.alert(platformCode, 'WhatsApp restricts the number or the account');
          return holds.hold('proactive', HALT_MS);
        case 'use-template':
          if (conversationId !== undefined) await window.shut(conversationId);
          return;
        case 'spare':
          if (conversationId === undefined) return;
          if (reaction.until === 'tomorrow') await holds.hold(userHold(conversationId), DAY_MS);
          else await operator.optedOut(conversationId, `whatsapp:${code}`);
          return;
        case 'other-template':
        case 'drop':
          if (reaction.alert) operator.alert(platformCode, 'WhatsApp refuses a message as it is made');
          return;
        case 'without-media':
          return;
      }
    },
  };
}

/**
 * What may hold a message back. A user's day of rest is for what nobody waits for: a nudge. A halt of the whole number is for
 * everything we begin, but for a one-time code: its asker sits and waits for it as for a reply, an authentication template is
 * none of what 131048 and 131064 punish, and where the account can send nothing at all Meta says so itself, and no longer when
 * that is over.
 */
function holdsOn({ conversationId, message }: Outgoing, how: 'free' | 'template'): string[] {
  const name = message.notice?.name ?? '';
  if (name.startsWith('nudge_')) return ['proactive', userHold(conversationId)];
  return how === 'template' && name !== CODE_NOTICE ? ['proactive'] : [];
}

function userHold(conversationId: string): string {
  return `proactive:${conversationId}`;
}

/** The name a template rests under. */
export function holdOf({ template: { name, language } }: TemplateContent): string {
  return `template:${name}:${language.code}`;
}

export function notKnown(cause: unknown): never {
  throw new ChannelUnreachable('it is not known what may be sent to this user', { cause });
}
