import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { note, openMailbox, sharedPart } from './child.js';

/**
 * A webhook and the platform behind it: delivers each conversation's messages in order, sends again under the same id what was
 * refused or not answered, and now and then what was taken. A later start goes on where a killed one stopped.
 */
const part = sharedPart<{
  name: string;
  conversations: string[];
  messages: number;
  roundMs: number;
  progress: string;
}>();
const { name, progress } = part;
const mailbox = await openMailbox(part);

const acknowledged = new Map<string, number>();
const before = existsSync(progress) ? readFileSync(progress, 'utf8').trim().split('\n') : [];
for (const line of before) {
  const [conversation = '', sequence] = line.split(' ');
  acknowledged.set(conversation, Number(sequence));
}

async function deliver(conversation: string, sequence: number): Promise<void> {
  const from = { channel: 'test', workspace: '', user: 'someone', address: 'here' };
  const id = `${name}-${sequence}`;
  const event = {
    kind: 'text',
    id,
    at: Date.now(),
    conversationId: conversation,
    from,
    text: `${name} ${sequence}`,
  } as const;
  for (;;) {
    try {
      return void (await mailbox.deliver(event));
    } catch {
      await sleep(20 + Math.random() * 80);
    }
  }
}

async function talk(conversation: string): Promise<void> {
  for (let sequence = (acknowledged.get(conversation) ?? 0) + 1; sequence <= part.messages; sequence++) {
    await sleep(Math.random() * part.roundMs * 2);
    await deliver(conversation, sequence);
    if (Math.random() < 0.1) await deliver(conversation, sequence);
    appendFileSync(progress, `${conversation} ${sequence}\n`);
    note(part, 'taken', process.pid, conversation, `${name} ${sequence}`);
  }
}

await Promise.all(part.conversations.map(talk));
process.exit(0);
