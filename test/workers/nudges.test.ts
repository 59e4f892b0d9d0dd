import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Nudge } from '../../bot/ledger/ledger.js';
import { createPace } from '../../bot/pace.js';
import { startNudgesWorker } from '../../workers/nudges.js';
import { startSweeper } from '../../workers/sweeper.js';
import {
  newConversation,
  newLine,
  OPERATOR,
  openStores,
  openWorkplace,
  type Stores,
  telcoThat,
  until,
  type Workplace,
} from './workplace.js';

const HOUR = 3_600_000;

let stores: Stores;
let place: Workplace;

beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores.close());

beforeEach(async () => {
  place = await openWorkplace(stores, telcoThat({}));
});
afterEach(() => place.close());

async function queued(workspace = ''): Promise<Nudge> {
  const line = await newLine(place);
  const conversationId = await newConversation(place, line, 'low-data');
  const origin = { channel: 'web', workspace, user: conversationId, address: conversationId };
  await place.ledger.saveConversation({ id: conversationId, origin, lineId: line.id });
  const nudge = await place.ledger.addNudge({
    operator: OPERATOR,
    transactionId: randomUUID(),
    type: 'low-data',
    lineId: line.id,
    conversationId,
    planName: [],
  });
  if (nudge === undefined) throw new Error('the nudge was there before');
  return nudge;
}

/** Its job runs, from adding it to its end. */
async function run({ id }: Nudge): Promise<void> {
  await place.jobs.add('nudges', id);
  await place.idle();
}

describe('a nudge', () => {
  test('waits while many conversations wait for their turn: nobody waits for a nudge', async () => {
    const nudge = await queued();
    const heard = await place.converse();
    let waiting = 501;
    const depth = async () => ({ ...(await place.mailbox.depth()), conversations: waiting });
    startNudgesWorker({ ...place, mailbox: { ...place.mailbox, depth, deliver: place.mailbox.deliver } });
    await place.jobs.add('nudges', nudge.id);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(heard).toEqual([]);
    waiting = 499;
    await place.idle();
    expect(heard).toHaveLength(1);
  });

  test('too many for their workspace in a second go later, none is lost, and those of another do not wait', async () => {
    place.channels.set('web', { unaskedPerSecond: 4 });
    const here = await Promise.all(Array.from({ length: 10 }, () => queued('here')));
    const there = await queued('there');
    const heard = await place.converse();
    // One clock for all: it stands still unless it is moved.
    let at = Date.now();
    let asked = 0;
    // What is counted for a second lasts as long as that does here.
    const count = (key: string, by: 0 | 1) => place.shortLived.count(key, by, HOUR);
    const pace = createPace({ count }, () => at);
    const warnings: unknown[] = [];
    startNudgesWorker({
      ...place,
      log: { warn: (facts: unknown) => void warnings.push(facts) } as never,
      pace: {
        async take(key, perSecond) {
          const wait = await pace.take(key, perSecond);
          asked += 1;
          return Math.min(wait, 100);
        },
      },
    });
    for (const { id } of here) await place.jobs.add('nudges', id);
    await place.jobs.add('nudges', there.id);
    const refs = () => heard.map((event) => ('ref' in event ? event.ref : ''));
    for (const most of [4, 8, 10]) {
      const before = asked;
      await until(async () => asked >= before + 20 || refs().length === 11);
      await until(async () => refs().length > most && (await place.mailbox.depth()).conversations === 0);
      expect(refs().filter((ref) => ref !== there.id)).toHaveLength(most);
      expect(refs()).toContain(there.id);
      at += 1_000;
    }
    await place.idle();
    expect(refs().toSorted()).toEqual([...here, there].map(({ id }) => id).toSorted());
    expect(warnings).toEqual([]);
  });

  test('goes to its conversation once a minute for as long as it is queued', async () => {
    const nudge = await queued();
    const heard = await place.converse();
    startNudgesWorker(place);
    // From the start of a minute.
    place.pass(60_000 - (place.now().getTime() % 60_000));
    await run(nudge);
    place.pass(59_000);
    await run(nudge);
    const { conversationId } = nudge;
    expect(heard).toEqual([expect.objectContaining({ kind: 'system', name: 'nudge', ref: nudge.id, conversationId })]);
    place.pass(1_000);
    await run(nudge);
    expect(heard).toHaveLength(2);
  });

  test('that was said, or that nobody knows, is not delivered', async () => {
    const nudge = await queued();
    await place.ledger.finishNudge(nudge.id, 'sent', 'test');
    const heard = await place.converse();
    startNudgesWorker(place);
    await run(nudge);
    await run({ ...nudge, id: randomUUID() });
    expect(heard).toEqual([]);
  });

  test('of two hours ago is news no more: it is skipped', async () => {
    const [nudge, younger] = [await queued(), await queued()];
    const heard = await place.converse();
    startNudgesWorker(place);
    place.pass(2 * HOUR - 5_000);
    await run(younger);
    expect(heard).toHaveLength(1);
    place.pass(10_000);
    await run(nudge);
    expect(heard).toHaveLength(1);
    expect(await place.ledger.nudge(nudge.id)).toMatchObject({ state: 'skipped' });
    expect(await place.ledger.nudge(younger.id)).toMatchObject({ state: 'queued' });
  });

  test('whose job was lost is found by the sweep', async () => {
    await queued();
    const heard = await place.converse();
    startNudgesWorker(place);
    const { sweep, close } = startSweeper({ ...place, everyMs: 2 ** 31 - 1 });
    place.pass(29_000);
    await sweep();
    await place.idle();
    expect(heard).toEqual([]);
    place.pass(2_000);
    await sweep();
    await sweep();
    await place.idle();
    await close();
    expect(heard).toHaveLength(1);
  });
});
