import { type ChatUser, listedAs } from '../domain/chat-user.js';
import { hindranceOf, type ProofMethod, type Signal } from '../domain/link.js';
import type { Line } from '../domain/subscriber.js';
import type { Known } from '../identity/identity.js';
import type { Linking } from '../identity/linking.js';
import { listedByNumber } from '../identity/listed.js';
import type { Answered, Asker, Begun } from '../identity/proof.js';
import type { LineLink, LinkedUser, OtherLink, Restored } from '../ledger/identities.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Origin } from './event.js';
import type { Session } from './session.js';

/** Who is talking, and what can be proved and changed about that. Everything here is about the one who wrote or pressed. */
export interface TurnIdentity {
  /** The line as it was proved; absent for a made-up subscriber, and for nobody. */
  readonly link: LineLink | undefined;
  /** The ways of proving that are open to them here, best first. */
  readonly ways: readonly ProofMethod[];
  /** True where others read what they type. */
  readonly shared: boolean;
  /** What is known of them; read afresh. */
  user(): Promise<LinkedUser | undefined>;
  /** E.164 without `+`. */
  numberIn(text: string): string | undefined;
  begin(number: string): Promise<Begun>;
  /** Links what was proved; the turn is about it from then on. */
  answer(text: string): Promise<Exclude<Answered, { outcome: 'proved' }> | { outcome: 'linked'; link: LineLink }>;
  giveUp(): Promise<void>;
  /** A page to open on the phone. */
  page(): Promise<{ readonly url: string; readonly validForMs: number } | undefined>;
  /** Links the number the platform vouches for; refused where that is no proof any more. */
  linkOwnNumber(): Promise<LineLink | { readonly refused: Signal } | undefined>;
  /** From now on, in this turn too, this is the line. False when it is not theirs. */
  choose(link: LineLink): Promise<boolean>;
  rename(lineId: string, label: string): Promise<boolean>;
  unlink(lineId: string): Promise<boolean>;
  /** Everyone who has one of their lines, which they may see. */
  sharers(lineId: string): Promise<readonly OtherLink[]>;
  /** Takes back a line they gave up, where its proof still stands. */
  restore(link: LineLink): Promise<Restored>;
  /** A link somebody else made to one of their lines, while they may see that. */
  newcomer(linkId: string): Promise<{ readonly line: Line; readonly link: OtherLink } | undefined>;
  /** "That was not me." */
  object(linkId: string): Promise<boolean>;
  /** Forgets them, as the last thing of a turn; what is left to do is owed. */
  forget(): Promise<void>;
}

export interface TurnIdentityParts {
  readonly ledger: Ledger;
  /** Absent: nothing can be proved here. */
  readonly linking: Linking | undefined;
  readonly from: Origin;
  readonly conversationId: string;
  /** What the turn answers: the same when it is run again. */
  readonly eventId: string;
  readonly known: Known | undefined;
  readonly session: Session;
  readonly now: Date;
  /** Makes the turn be about another line, or about none. */
  readonly use: (link: LineLink | undefined) => void;
  /** Has a promise kept now. */
  readonly soon: (promiseId: string) => Promise<void>;
}

export function turnIdentity(parts: TurnIdentityParts): TurnIdentity {
  const { ledger, linking, from, conversationId, eventId, known, session, now } = parts;
  const who: ChatUser = { channel: from.channel, workspace: from.workspace, user: from.user };
  const alias = listedAs(from);
  /** As `linkedIdentity` finds them: by the platform's id, else by the number a list names them by. */
  const found = async (): Promise<{ readonly as: ChatUser; readonly user: LinkedUser | undefined }> => {
    const own = await ledger.linkedUser(who);
    return (own === undefined ? await listedByNumber(ledger, from) : undefined) ?? { as: who, user: own };
  };
  /** Whose links are meant. */
  const self = async () => (alias === undefined ? who : (await found()).as);
  const asker = (): Asker => ({ ...who, conversationId, language: session.locale });
  let current = known?.link;

  /** What another process remembers of this user is older than this. */
  const changed = () => {
    session.identity = Math.max(session.identity ?? 0, known?.version ?? 0) + 1;
  };
  const use = (link: LineLink | undefined) => {
    current = link;
    changed();
    parts.use(link);
  };
  /** A subscriber somebody chose in a sandbox stays one of their lines when they add another. */
  const keepChosen = async () => {
    if (known === undefined || known.link !== undefined || known.madeUp === true) return;
    const { operator, key } = known.line;
    const link = { operator, key, method: 'directory', source: 'sandbox', youngForMs: 0, choose: false } as const;
    await ledger.linkLine(who, { ...link, silent: true });
  };
  const linked = async (link: LineLink) => {
    use(link);
    return link;
  };

  return {
    get link() {
      return current;
    },
    ways: linking?.ways(from) ?? [],
    shared: from.shared === true,
    async user() {
      const { user } = await found();
      // Changed outside of the chat, on a page: the next turn shall not be about what was remembered before.
      if (user?.lineId !== undefined && user.lineId !== current?.line.id) changed();
      return user;
    },
    numberIn: (text) => linking?.numberIn(text),
    async begin(number) {
      const proof = linking?.answer();
      return proof === undefined ? { outcome: 'limited', retryAfterMs: 0 } : proof.begin(asker(), number);
    },
    async answer(text) {
      const proof = linking?.answer();
      if (linking === undefined || proof === undefined) return { outcome: 'over' };
      const answered = await proof.answer(asker(), text, `${conversationId}\n${eventId}`);
      if (answered.outcome === 'over') return (await justLinked(ledger, who, proof.method, now, use)) ?? answered;
      if (answered.outcome !== 'proved') return answered;
      await keepChosen();
      return { outcome: 'linked', link: await linked(await linking.link(asker(), proof.method, answered.proved)) };
    },
    giveUp: async () => linking?.answer()?.cancel(asker()),
    page: async () => linking?.page()?.begin(asker()),
    async linkOwnNumber() {
      const link = await linking?.linkOwnNumber(from, asker());
      return link === undefined || 'refused' in link ? link : linked(link);
    },
    async choose(link) {
      if (!(await ledger.chooseLine(await self(), link.line.id))) return false;
      use(link);
      return true;
    },
    async rename(lineId, label) {
      const done = await ledger.labelLine(await self(), lineId, label);
      changed();
      return done;
    },
    async unlink(lineId) {
      const done = await ledger.unlinkLine(await self(), lineId, 'user');
      if (current?.line.id === lineId) use(undefined);
      changed();
      return done;
    },
    async restore({ line }) {
      const restored = await ledger.restoreLine(await self(), line.id, linking?.youngForMs ?? 0);
      if (restored.outcome !== 'restored') return restored;
      use(restored.link);
      await Promise.all(restored.link.owed.map((id) => parts.soon(id).catch(() => undefined)));
      return restored;
    },
    async newcomer(linkId) {
      const me = await self();
      const line = await ledger.lineOfLink(linkId, me);
      const link = line && (await ledger.linksOfLine(line.id, me)).find(({ id }) => id === linkId);
      return line && link && { line, link };
    },
    sharers: async (lineId) => ledger.linksOfLine(lineId, await self()),
    object: async (linkId) => ledger.objectToLink(linkId, await self()),
    async forget() {
      const promise = await ledger.beginErasure(who, conversationId, alias);
      session.forgotten = true;
      await parts.soon(promise).catch(() => undefined);
    },
  };
}

/** How long a turn that is run again may find that it had linked the line before it was interrupted, in milliseconds. */
const AGAIN_MS = 120_000;

/** The link that a first run of this same turn made. Nothing is changed by it. */
async function justLinked(
  ledger: Ledger,
  who: ChatUser,
  method: ProofMethod,
  now: Date,
  use: (link: LineLink) => void,
): Promise<{ outcome: 'linked'; link: LineLink } | undefined> {
  const user = await ledger.linkedUser(who);
  const link = user?.links.find(({ line }) => line.id === user.lineId);
  if (link === undefined || link.method !== method || hindranceOf(link, now)?.kind === 'blocked') return undefined;
  if (Math.abs(now.getTime() - link.provedAt.getTime()) > AGAIN_MS) return undefined;
  use(link);
  return { outcome: 'linked', link };
}
