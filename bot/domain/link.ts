/** How a chat user can prove that a line is theirs. An operator chooses which are on (`REFILL_PROOFS`). */
export const PROOF_METHODS = [
  /** The number the platform itself vouches for: WhatsApp names it in every webhook. */
  'whatsapp',
  /** A code sent to the number and typed in the chat. */
  'code',
  /** A token the operator's network gives to the phone itself (cpid.yaml). */
  'cpid',
  /** A list the company vouches for. */
  'directory',
  /** A PIN the operator checks. */
  'pin',
] as const;

export type ProofMethod = (typeof PROOF_METHODS)[number];

export const LINK_STATES = ['active', 'blocked', 'unlinked'] as const;
export type LinkState = (typeof LINK_STATES)[number];

/**
 * Why a link is blocked.
 * - `sim-swap`: the SIM of the number was changed: one may look, not buy, until it is proved again;
 * - `number-change`: the chat user took another number: the old line is not theirs any more;
 * - `recycled`: the number was given to someone else;
 * - `objected`: whoever had the line before said that this was not them;
 * - `operator`: somebody at the operator did it.
 */
export const BLOCK_REASONS = ['sim-swap', 'number-change', 'recycled', 'objected', 'operator'] as const;
export type BlockReason = (typeof BLOCK_REASONS)[number];

const GIVEN_TO_ANOTHER: readonly string[] = ['recycled', 'number-change'] satisfies BlockReason[];

/** True for a block that says the line is somebody else's now; of the others, one’s own line may be blocked. */
export function isGivenToAnother(reason: BlockReason | string): boolean {
  return GIVEN_TO_ANOTHER.includes(reason);
}

/** What an operator says of a line, and may take back: the others are about a chat user. */
export const SIGNALLED = ['sim-swap', 'recycled', 'operator'] as const satisfies readonly BlockReason[];

/** What an operator says of a line. */
export type Signal = (typeof SIGNALLED)[number];

/** The strictest first: what a user said of a link goes before what is said of a SIM, and only a changed SIM may be looked at. */
export const STRICTEST: readonly BlockReason[] = ['objected', 'number-change', 'recycled', 'operator', 'sim-swap'];

/** The reason that counts of several; `undefined` when there is none. */
export function strictest(reasons: readonly string[]): BlockReason | undefined {
  return STRICTEST.find((reason) => reasons.includes(reason));
}

/** What stands between a link and a purchase; `undefined` when nothing does. */
export type Hindrance =
  | { readonly kind: 'blocked'; readonly reason: BlockReason }
  | { readonly kind: 'expired' }
  /** Something may be bought, but little, until then. */
  | { readonly kind: 'young'; readonly until: Date };

/** What is known of a link when somebody wants to use it. */
export interface LinkStanding {
  readonly state: LinkState;
  readonly reason?: string;
  readonly expiresAt?: Date;
  readonly youngUntil?: Date;
}

/** After a change of SIM the line is still looked at by whom it was; all other blocks hide it. */
export function maySee({ state, reason }: LinkStanding): boolean {
  return state === 'active' || (state === 'blocked' && reason === 'sim-swap');
}

/** What keeps this link from buying. The strictest first. */
export function hindranceOf(link: LinkStanding, now: Date): Hindrance | undefined {
  if (link.state !== 'active') {
    const reason = BLOCK_REASONS.find((known) => known === link.reason) ?? 'operator';
    return { kind: 'blocked', reason };
  }
  if (link.expiresAt !== undefined && link.expiresAt <= now) return { kind: 'expired' };
  if (link.youngUntil !== undefined && link.youngUntil > now) return { kind: 'young', until: link.youngUntil };
  return undefined;
}

/**
 * The last fifth of a proof's time (of 30 days the last six): whoever is there anyway is offered to prove it again, before it ends.
 * A CPID "must be obtained before this time" (cpid.yaml, `ttlSeconds`).
 */
export function endsSoon(proof: { readonly provedAt: Date; readonly expiresAt?: Date }, now: Date): boolean {
  if (proof.expiresAt === undefined || proof.expiresAt <= now) return false;
  const [left, whole] = [
    proof.expiresAt.getTime() - now.getTime(),
    proof.expiresAt.getTime() - proof.provedAt.getTime(),
  ];
  return left * 5 <= whole;
}
