import type { Origin } from '../conversation/event.js';
import type { ProofMethod, Signal } from '../domain/link.js';
import type { LineLink, LinkMade, NewLink } from '../ledger/identities.js';
import type { Ledger } from '../ledger/ledger.js';
import { ownNumber } from './linked.js';
import { numberIn } from './number.js';
import type { AnswerProof, Asker, PageProof, Proved } from './proof.js';

export interface LinkingOptions {
  readonly ledger: Pick<Ledger, 'linkLine' | 'vouchLine' | 'linkedUser' | 'promise'>;
  readonly methods: ReadonlySet<ProofMethod>;
  /** The proofs there are; those whose method is off are not offered. */
  readonly answers: readonly AnswerProof[];
  readonly pages: readonly PageProof[];
  readonly operatorOf: (number: string) => Promise<string | undefined>;
  /** ISO 3166-1: where numbers without a country code are from. */
  readonly country: string | undefined;
  readonly youngForMs: number;
  /** Has the outbox worker keep a promise now. */
  readonly soon: (promiseId: string) => Promise<void>;
}

/** How lines get linked: what can be offered to somebody, and what is done when they proved it. */
export interface Linking {
  /** How long a second link to a line is young, in milliseconds. */
  readonly youngForMs: number;
  /** The ways open to this person, best first. */
  ways(origin: Origin): readonly ProofMethod[];
  /** E.164 without `+`. */
  numberIn(text: string): string | undefined;
  answer(): AnswerProof | undefined;
  page(): PageProof | undefined;
  /** Links what was proved in the chat. */
  link(asker: Asker, method: ProofMethod, proved: Proved): Promise<LineLink>;
  /** The same for a proof that ended outside of the chat: the conversation is told. */
  complete(asker: Asker, method: ProofMethod, proved: Proved): Promise<LineLink>;
  /**
   * Proves the platform's own number again; `undefined` where it has none, or nobody serves it. Refused where the number was given
   * to somebody else since: an account there outlives that.
   */
  linkOwnNumber(origin: Origin, asker: Asker): Promise<LineLink | { readonly refused: Signal } | undefined>;
}

export function createLinking(options: LinkingOptions): Linking {
  const { ledger, methods, operatorOf, country, youngForMs, soon } = options;
  const answer = options.answers.find(({ method }) => methods.has(method));
  const page = options.pages.find(({ method }) => methods.has(method));
  const toLink = ({ channel }: Asker, method: ProofMethod, { operator, key, expiresAt }: Proved): NewLink => ({
    operator,
    key,
    method,
    source: channel,
    youngForMs,
    choose: true,
    ...(expiresAt !== undefined && { expiresAt }),
  });
  const told = async ({ owed, ...made }: LinkMade): Promise<LineLink> => {
    // What the queue cannot take now, the sweeper finds.
    await Promise.all(owed.map((id) => soon(id).catch(() => undefined)));
    return made;
  };
  const link: Linking['link'] = async (asker, method, proved) =>
    told(await ledger.linkLine(asker, toLink(asker, method, proved)));
  return {
    youngForMs,
    ways(origin) {
      const own = methods.has('whatsapp') && ownNumber(origin) !== undefined;
      return [
        ...(own ? ['whatsapp' as const] : []),
        ...(answer === undefined ? [] : [answer.method]),
        ...(page === undefined ? [] : [page.method]),
      ];
    },
    numberIn: (text) => numberIn(text, country),
    answer: () => answer,
    page: () => page,
    link,
    async complete(asker, method, proved) {
      const made = await link(asker, method, proved);
      const { id } = await ledger.promise('link-news', made.id, asker.conversationId);
      await soon(id).catch(() => undefined);
      return made;
    },
    async linkOwnNumber(origin, asker) {
      const number = methods.has('whatsapp') ? ownNumber(origin) : undefined;
      const operator = number === undefined ? undefined : await operatorOf(number);
      if (number === undefined || operator === undefined) return undefined;
      const proved = { operator, key: { type: 'MSISDN', value: number } } as const;
      const made = await ledger.vouchLine(asker, toLink(asker, 'whatsapp', proved));
      return 'refused' in made ? made : told(made);
    },
  };
}
