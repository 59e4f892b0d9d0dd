import type { Stage } from '../api/types.js';
import type { IconName } from '../ui/icons.js';

export const STAGE_ICONS: Readonly<Record<Stage, IconName>> = {
  webhook: 'plug',
  turn: 'loop',
  telco: 'tower',
  callback: 'reply',
  nudge: 'bell',
  send: 'send',
  sandbox: 'box',
};
