import { existsSync } from 'node:fs';
import { note, openMailbox, sharedPart } from './child.js';

/**
 * A worker whose event loop stands still in the middle of the first entry it gets (a long synchronous loop, a paused
 * virtual machine) until `wakeFile` is there, far beyond its lock. Then it believes the entry is still its own.
 */
const part = sharedPart<{ wakeFile: string }>();
const mailbox = await openMailbox(part);
let blocked = false;

await mailbox.work(
  async ({ event }) => {
    note(part, 'late', 'start', event.id);
    if (!blocked) {
      blocked = true;
      while (!existsSync(part.wakeFile)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
    note(part, 'late', 'end', event.id);
    return 'saved by the late one';
  },
  { concurrency: 1, isTransient: () => false, onDeadLetter: async () => undefined },
);
