import type { Channel, ChannelRefused } from '../channel.js';
import type { Translators } from '../i18n/index.js';
import type { Linking } from '../identity/linking.js';
import type { Jobs } from '../jobs.js';
import type { Ledger } from '../ledger/ledger.js';
import type { LineTelco } from '../line-telco.js';
import type { EngineOptions } from './engine.js';
import type { SessionDeps } from './open-session.js';

/** What turns are run with. */
export interface TurnDeps extends SessionDeps {
  readonly ledger: Ledger;
  readonly jobs: Jobs;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly engine: EngineOptions;
  readonly translators: Translators;
  readonly telco: LineTelco;
  /** How lines get linked in the chat; absent: they do not. */
  readonly linking?: Linking;
  readonly now: () => Date;
  /** True for the first of those who claim `what`, for a day, in whatever process. */
  readonly claim: (what: string) => Promise<boolean>;
  /** Told how long each stage took, in milliseconds. */
  readonly observe?: (stage: TurnStage, ms: number) => void;
  /** Told of every message a platform took. */
  readonly onSent?: (sent: SentMessage) => void;
  /** Told of every message a platform refused for good. */
  readonly onRefused?: (refused: SentMessage, error: ChannelRefused) => void;
}

/** Which message it was, and what it was owed for: the ledger's id of an outbox item or a nudge. */
export interface SentMessage {
  /** `Outgoing.id`. */
  readonly id: string;
  readonly channel: string;
  readonly conversationId: string;
  readonly about?: string;
}

export type TurnStage = 'load' | 'respond' | 'send';
