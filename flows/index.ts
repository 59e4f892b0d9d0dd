import type { AnyFlow } from '../bot/conversation/flow.js';
import { balance, home } from './balance.js';
import { forget } from './forget.js';
import { help, person } from './help.js';
import { lines } from './lines.js';
import { link } from './link.js';
import { linkAnswer, linkNews } from './link-news.js';
import { nudge } from './nudge.js';
import { offers } from './offers.js';
import { purchase } from './purchase.js';
import { purchases } from './purchases.js';
import { nothingOpen, receipt } from './receipt.js';
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
  linkNews,
  linkAnswer,
  lines,
  forget,
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
