import type { Origin } from '../conversation/event.js';
import type { Line } from '../domain/subscriber.js';
import type { LineLink } from '../ledger/identities.js';

/** What is known of a chat user. */
export interface Known {
  readonly line: Line;
  /** How the line was proved; absent for a made-up subscriber. */
  readonly link?: LineLink;
  /** Raised by every change of what this user may see. */
  readonly version?: number;
  /** BCP 47 and IANA, where the proof came with them. */
  readonly locale?: string;
  readonly timezone?: string;
  /** A made-up subscriber of the sandbox that nobody chose: the user is told. */
  readonly madeUp?: true;
}

/** Says which subscriber a chat user is, and only where that was proved. `undefined`: tell them how to link a number. */
export interface Identity {
  /** `since`: a version of this user that is known to be out of date when lower. */
  resolve(origin: Origin, since?: number): Promise<Known | undefined>;
}
