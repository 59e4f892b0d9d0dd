import type { Origin } from '../conversation/event.js';
import type { Line } from '../domain/subscriber.js';

/** What is known of a chat user. */
export interface Known {
  readonly line: Line;
  /** BCP 47 and IANA, where the proof came with them. */
  readonly locale?: string;
  readonly timezone?: string;
  /** A made-up subscriber of the sandbox that nobody chose: the user is told. */
  readonly madeUp?: true;
}

/** Says which subscriber a chat user is, and only where that was proved. `undefined`: tell them how to link a number. */
export interface Identity {
  resolve(origin: Origin): Promise<Known | undefined>;
}
