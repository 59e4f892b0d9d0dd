import { type Sweeper, type SweeperOptions, startSweeper as start } from '../../../workers/sweeper.js';
import { EVERY_MS } from './haste.js';

export * from '../../../workers/sweeper.js';

export function startSweeper(options: SweeperOptions): Sweeper {
  return start({ ...options, everyMs: EVERY_MS });
}
