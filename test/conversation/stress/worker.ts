import { setTimeout as sleep } from 'node:timers/promises';
import { note, openMailbox, sharedPart } from './child.js';

/** Handles entries of `<producer> <sequence>` and keeps in the session how far each producer's came. */
const part = sharedPart<{ concurrency: number }>();
const mailbox = await openMailbox(part);

await mailbox.work(
  async ({ event, session }) => {
    if (event.kind !== 'text') return undefined;
    const what = [process.pid, event.conversationId, event.text] as const;
    note(part, 'start', ...what);
    await sleep(Math.random() * 3);
    note(part, 'end', ...what);
    const [producer = '', sequence] = event.text.split(' ');
    const done = JSON.parse(session ?? '{}') as Record<string, number>;
    if (Number(sequence) !== (done[producer] ?? 0) + 1) note(part, 'gap', ...what);
    return JSON.stringify({ ...done, [producer]: Number(sequence) });
  },
  {
    concurrency: part.concurrency,
    isTransient: () => false,
    onDeadLetter: async ({ event }) => note(part, 'dead', process.pid, event.conversationId, event.id),
  },
);
await mailbox.sweep().catch(() => undefined);
