import type { AnyFlow } from '../bot/conversation/flow.js';
import { balance, home } from './balance.js';
import { help, link, person } from './help.js';
import { nudge } from './nudge.js';
import { offers } from './offers.js';
import { purchase } from './purchase.js';
import { nothingOpen, purchases, receipt } from './receipt.js';
import { settings } from './settings.js';
import { topUp, topUpRequest } from './top-up.js';
import { consent, welcome } from './welcome.js';

export { engineScreens } from './screens.js';

/** Everything Refill can talk about. */
export const flows: readonly AnyFlow[] = [
  welcome,
  consent,
  help,
  person,
  link,
  topUp,
  topUpRequest,
  balance,
  home,
  offers,
  purchase,
  purchases,
  receipt,
  nothingOpen,
  nudge,
  settings,
];
