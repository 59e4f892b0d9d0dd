import { z } from 'zod';
import { readJsonBody } from '../../bot/json.js';
import { HttpProblem } from '../../bot/problem.js';
import { FIELD } from './card.js';

const id = z.string().min(1).max(200);
const account = z.object({
  id,
  name: z.string().nullish(),
  aadObjectId: z.string().max(100).nullish(),
  role: z.string().nullish(),
});
const entity = z.object({
  type: z.string().nullish(),
  text: z.string().nullish(),
  mentioned: z.object({ id: z.string(), name: z.string().nullish() }).nullish().catch(undefined),
  locale: z.string().nullish().catch(undefined),
  timezone: z.string().nullish().catch(undefined),
});

/** What Refill reads of a Bot Framework activity. Whatever else there is, or comes later, is left alone. */
const activity = z.object({
  type: z.string().min(1).max(100),
  id: id.nullish(),
  name: z.string().max(200).nullish(),
  channelId: z.string().max(100),
  serviceUrl: z.url({ protocol: /^https?$/ }).max(400),
  from: account.nullish(),
  recipient: account.nullish(),
  conversation: z.object({
    id: z.string().min(1).max(600),
    conversationType: z.string().nullish(),
    isGroup: z.boolean().nullish(),
    tenantId: z.string().max(100).nullish(),
  }),
  channelData: z
    .object({ tenant: z.object({ id: z.string().max(100) }).nullish() })
    .nullish()
    .catch(undefined),
  text: z.string().nullish(),
  locale: z.string().nullish().catch(undefined),
  localTimezone: z.string().nullish().catch(undefined),
  entities: z.array(entity).nullish().catch(undefined),
  value: z.unknown().optional(),
  replyToId: id.nullish(),
  action: z.string().nullish(),
  membersAdded: z.array(account).nullish(),
  membersRemoved: z.array(account).nullish(),
});

export type Inbound = z.infer<typeof activity>;
export type Account = z.infer<typeof account>;

/** @throws HttpProblem 400 naming the member. */
export function parseActivity(body: unknown): Inbound {
  const parsed = activity.safeParse(readJsonBody(body));
  if (parsed.success) return parsed.data;
  const field = parsed.error.issues[0]?.path.join('.') || 'body';
  throw new HttpProblem(400, 'BAD_REQUEST', `Not a Bot Framework activity: ${field}.`, { field });
}

/** What a person said, in Refill's terms but for id, time and conversation. */
export type Said =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'press'; readonly token: string }
  | { readonly kind: 'form'; readonly token: string; readonly values: Readonly<Record<string, string>> }
  | { readonly kind: 'hello' };

/** What an activity asks of the channel. */
export type Heard =
  | { readonly what: 'said'; readonly said: Said; readonly by: Account; readonly inPublic: boolean }
  /** The person removed the bot from their chats. */
  | { readonly what: 'left'; readonly by: Account }
  /** The bot was added to a group or a team. */
  | { readonly what: 'joined' }
  /** A button that is none of ours, or whose data was altered. */
  | { readonly what: 'unreadable' }
  | { readonly what: 'nothing' };

const NOTHING: Heard = { what: 'nothing' };

export function hear(heard: Inbound): Heard {
  switch (heard.type) {
    case 'message':
      return hearMessage(heard);
    case 'invoke':
      return heard.name === 'adaptiveCard/action' ? hearAction(heard, executed(heard.value)) : NOTHING;
    case 'conversationUpdate':
      return hearMembers(heard);
    case 'installationUpdate':
      return hearInstallation(heard);
    default:
      return NOTHING;
  }
}

/** A group chat, or a channel of a team: whatever is said there, others read. */
function isPublic({ conversation }: Inbound): boolean {
  const { conversationType: type } = conversation;
  return conversation.isGroup === true || (type !== undefined && type !== null && type !== 'personal');
}

function hearMessage(heard: Inbound): Heard {
  const by = person(heard);
  if (by === undefined) return NOTHING;
  if (typeof heard.value === 'object' && heard.value !== null) {
    const action = hearAction(heard, heard.value);
    if (action.what === 'said' || !heard.text) return action;
  }
  const inPublic = isPublic(heard);
  const { text, mentioned } = withoutMentions(heard);
  // A group talks about many things; only what is said to Refill is for Refill.
  if (inPublic && !mentioned) return NOTHING;
  if (inPublic && text === '') return { what: 'said', said: { kind: 'hello' }, by, inPublic };
  return { what: 'said', said: { kind: 'text', text }, by, inPublic };
}

/** The data of the buttons that `card.ts` draws. */
const pressed = z.object({ refill: z.object({ kind: z.enum(['press', 'form']), token: z.string().min(1).max(300) }) });
const action = z.object({ action: z.object({ data: z.looseObject({}) }) });

/** Action.Execute wraps what Action.Submit sends as it is. */
function executed(value: unknown): unknown {
  const parsed = action.safeParse(value);
  return parsed.success ? parsed.data.action.data : undefined;
}

function hearAction(heard: Inbound, data: unknown): Heard {
  const by = person(heard);
  const parsed = pressed.safeParse(data);
  if (by === undefined) return NOTHING;
  if (!parsed.success) return { what: 'unreadable' };
  const { kind, token } = parsed.data.refill;
  const said: Said = kind === 'press' ? { kind, token } : { kind, token, values: inputsOf(data as object) };
  return { what: 'said', said, by, inPublic: isPublic(heard) };
}

const MAX_INPUTS = 20;

function inputsOf(data: object): Record<string, string> {
  const inputs = Object.entries(data).flatMap(([key, value]): [string, string][] => {
    const name = key.startsWith(FIELD) ? key.slice(FIELD.length) : '';
    return /^[A-Za-z][\w-]{0,49}$/.test(name) && typeof value === 'string' ? [[name, value.slice(0, 500)]] : [];
  });
  return Object.fromEntries(inputs.slice(0, MAX_INPUTS));
}

function hearMembers(heard: Inbound): Heard {
  const isBot = ({ id: member }: Account) => member === heard.recipient?.id;
  const by = person(heard) ?? heard.membersAdded?.find((member) => !isBot(member));
  if (heard.membersAdded?.some(isBot)) {
    if (isPublic(heard)) return { what: 'joined' };
    return by === undefined ? NOTHING : { what: 'said', said: { kind: 'hello' }, by, inPublic: false };
  }
  if (heard.membersRemoved?.some(isBot) && !isPublic(heard) && by !== undefined) return { what: 'left', by };
  return NOTHING;
}

/** Teams sends this besides `conversationUpdate`, Microsoft's Playground instead of it. */
function hearInstallation(heard: Inbound): Heard {
  const by = person(heard);
  if (isPublic(heard) || by === undefined) return NOTHING;
  if (heard.action?.startsWith('remove')) return { what: 'left', by };
  return heard.action?.startsWith('add') ? { what: 'said', said: { kind: 'hello' }, by, inPublic: false } : NOTHING;
}

/** Who did it, unless it was the bot itself. */
function person({ from, recipient }: Inbound): Account | undefined {
  return from && from.role !== 'bot' && from.id !== recipient?.id ? from : undefined;
}

const MAX_TEXT = 20_000;

/** The words without the bot's own name; other people's names stay as words. */
function withoutMentions({ text, entities, recipient }: Inbound): { text: string; mentioned: boolean } {
  let words = (text ?? '').slice(0, MAX_TEXT);
  let mentioned = false;
  for (const { type, mentioned: who, text: tag } of entities ?? []) {
    if (type !== 'mention' || who?.id !== recipient?.id) continue;
    mentioned = true;
    if (tag) words = words.replaceAll(tag, ' ');
  }
  const name = recipient?.name?.toLowerCase();
  words = words.replaceAll(/<at\b[^>]{0,200}>([^<]{0,200})<\/at>/gi, (_, inside: string) => {
    // Some emulators leave the entity out.
    if (name === undefined || inside.trim().toLowerCase() !== name) return inside;
    mentioned = true;
    return ' ';
  });
  return { text: words.replaceAll(/&nbsp;|\u00a0/g, ' ').trim(), mentioned };
}
