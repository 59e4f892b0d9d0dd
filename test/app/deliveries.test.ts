import { describe, expect, test } from '@jest/globals';
import { createDeliveryLog } from '../../bot/deliveries.js';
import type { Delivery } from '../../bot/ledger/deliveries.js';
import { LedgerUnavailable } from '../../bot/ledger/index.js';
import { silent } from '../support/stores.js';

const NEVER_BY_ITSELF = 2 ** 31 - 1;

/** A ledger that writes down each statement, slowly or not at all. */
class Keeper {
  readonly statements: (readonly Delivery[])[] = [];
  trouble: Error | undefined;
  /** While set, statements do not end. */
  gate: Promise<void> | undefined;

  async recordDeliveries(heard: readonly Delivery[]): Promise<void> {
    await this.gate;
    if (this.trouble !== undefined) throw this.trouble;
    this.statements.push(heard);
  }

  get kept(): Delivery[] {
    return this.statements.flat();
  }
}

function logOn(ledger: Keeper, change: { everyMs?: number; most?: number } = {}) {
  return createDeliveryLog({ ledger, log: silent, everyMs: NEVER_BY_ITSELF, ...change });
}

const message = (id: string, change: Partial<Delivery> = {}): Delivery => ({
  id,
  channel: 'whatsapp',
  state: 'sent',
  ...change,
});

async function until(met: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!met()) {
    if (Date.now() > deadline) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

describe('the log of deliveries', () => {
  test('writes what it heard a moment later, many messages in one statement', async () => {
    const keeper = new Keeper();
    const log = logOn(keeper, { everyMs: 20 });
    for (let id = 0; id < 50; id++) log.record(message(`m-${id}`));
    expect(keeper.statements).toEqual([]);
    await until(() => keeper.statements.length > 0);
    expect(keeper.statements.map(({ length }) => length)).toEqual([50]);
    await log.close();
  });

  test('does not wait for the clock when there is much to write', async () => {
    const keeper = new Keeper();
    const log = logOn(keeper);
    for (let id = 0; id < 100; id++) log.record(message(`m-${id}`));
    await until(() => keeper.kept.length === 100);
    await log.close();
  });

  test('names a message once in a statement, with all that is known of it', async () => {
    const keeper = new Keeper();
    const log = logOn(keeper);
    log.record(message('m', { state: 'read' }));
    log.record(message('m', { state: 'sent', conversationId: 'c', about: 'item' }));
    log.record(message('m', { state: 'failed', code: '1', resend: true }));
    await log.close();
    expect(keeper.statements).toEqual([[message('m', { state: 'read', conversationId: 'c', about: 'item' })]]);
  });

  test('writes one statement at a time, and what came in meanwhile with the next', async () => {
    const keeper = new Keeper();
    let open: () => void = () => undefined;
    keeper.gate = new Promise((resolve) => {
      open = resolve;
    });
    const log = logOn(keeper);
    for (let id = 0; id < 350; id++) {
      log.record(message(`m-${id}`));
      if (id % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(keeper.statements).toEqual([]);
    open();
    keeper.gate = undefined;
    await log.close();
    expect(new Set(keeper.kept.map(({ id }) => id)).size).toBe(350);
    expect(keeper.statements).toHaveLength(2);
  });

  test('keeps what it heard while the ledger is away, up to a limit', async () => {
    const keeper = new Keeper();
    keeper.trouble = new LedgerUnavailable('away');
    const log = logOn(keeper, { everyMs: 5, most: 3 });
    for (const id of ['a', 'b', 'c', 'd']) log.record(message(id));
    await new Promise((resolve) => setTimeout(resolve, 30));
    log.record(message('a', { state: 'read' }));
    log.record(message('e'));
    keeper.trouble = undefined;
    await until(() => keeper.kept.length > 0);
    expect(keeper.kept.map(({ id, state }) => `${id} ${state}`)).toEqual(['a read', 'b sent', 'c sent']);
    await log.close();
  });

  test('drops what the ledger will never take, and goes on', async () => {
    const keeper = new Keeper();
    keeper.trouble = new TypeError('not like this');
    const log = logOn(keeper, { everyMs: 5 });
    log.record(message('a'));
    await new Promise((resolve) => setTimeout(resolve, 30));
    keeper.trouble = undefined;
    log.record(message('b'));
    await log.close();
    expect(keeper.kept.map(({ id }) => id)).toEqual(['b']);
  });
});
