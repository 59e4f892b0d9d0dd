import { note, openMailbox, sharedPart } from './child.js';

/**
 * A worker whose event loop stands still in the middle of the first entry it gets (a long synchronous loop, a paused
 * virtual machine), far beyond its lock. When it goes on it believes the entry is still its own.
 */
const part = sharedPart<{ blockMs: number }>();
const mailbox = await openMailbox(part);
let blocked = false;

await mailbox.work(
  async ({ event }) => {
    note(part, 'late', 'start', event.id);
    if (!blocked) {
      blocked = true;
      for (const until = Date.now() + part.blockMs; Date.now() < until; );
    }
    note(part, 'late', 'end', event.id);
    return 'saved by the late one';
  },
  { concurrency: 1, isTransient: () => false, onDeadLetter: async () => undefined },
);
