import type { RemoteSandbox } from '../sandbox/index.js';
import type { IdentityServices } from './app-identity.js';
import type { Channel } from './channel.js';
import type { Config } from './config.js';
import type { Mailbox } from './conversation/mailbox.js';
import type { Core } from './core.js';
import type { DeliveryLog } from './deliveries.js';
import type { Translators } from './i18n/index.js';
import type { createWatch } from './inbox.js';
import type { Jobs } from './jobs.js';
import type { LineTelco } from './line-telco.js';
import type { Logger } from './log.js';

/** Everything the process is made of, put together in `app.ts`. */
export interface Parts extends Core, IdentityServices {
  readonly config: Config;
  readonly log: Logger;
  readonly jobs: Jobs;
  readonly mailbox: Mailbox;
  readonly lines: LineTelco;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly translators: Translators;
  readonly watch: ReturnType<typeof createWatch>;
  readonly deliveries: DeliveryLog;
  readonly world: RemoteSandbox | undefined;
}
