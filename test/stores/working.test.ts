import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ChannelBusy } from '../../bot/channel.js';
import type { LogEntry, LogSignal } from '../../bot/live-log.js';
import { createMessageRefs } from '../../bot/message-refs.js';
import { createVault } from '../../bot/secrets.js';
import { until } from '../conversation/mailboxes.js';
import { HOUSES, type WorkingHouse } from './working-houses.js';

const LONG = 60_000;
const vault = createVault(Buffer.alloc(32, 7));
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

describe.each(HOUSES)('what is under way, on %s', (_name, open) => {
  let house: WorkingHouse;
  let names = 0;
  /** One that no other test uses. */
  const fresh = () => `name-${++names}`;
  beforeAll(async () => {
    house = await open();
  }, 60_000);
  afterAll(() => house?.close());

  test('says where it is, and answers', async () => {
    expect(house.here.description).not.toBe('');
    await expect(house.here.ping()).resolves.toBeUndefined();
  });

  describe('a short-lived value', () => {
    test('is there for every process until it is removed', async () => {
      const key = fresh();
      expect(await house.here.shortLived.get(key)).toBeUndefined();
      await house.here.shortLived.set(key, 'one', LONG);
      await house.there.shortLived.set(key, 'two', LONG);
      expect(await house.here.shortLived.get(key)).toBe('two');
      await house.here.shortLived.remove(key);
      expect(await house.there.shortLived.get(key)).toBeUndefined();
    });

    test('ends by itself, and can be set again', async () => {
      const { shortLived } = house.here;
      const key = fresh();
      await shortLived.set(key, 'value', 40);
      await sleep(80);
      expect(await shortLived.get(key)).toBeUndefined();
      expect(await shortLived.touch(key, LONG)).toBeUndefined();
      expect(await shortLived.take(key)).toBeUndefined();
      await shortLived.set(key, 'again', LONG);
      expect(await shortLived.get(key)).toBe('again');
    });

    test('lives longer for being touched', async () => {
      const { shortLived } = house.here;
      const key = fresh();
      await shortLived.set(key, 'value', 1_000);
      expect(await shortLived.touch(key, LONG)).toBe('value');
      await sleep(1_100);
      expect(await shortLived.get(key)).toBe('value');
    });

    test('is taken by exactly one of those who ask', async () => {
      const key = fresh();
      await house.here.shortLived.set(key, 'prize', LONG);
      const taken = await Promise.all(
        numbers(20).map((index) => (index % 2 === 0 ? house.here : house.there).shortLived.take(key)),
      );
      expect(taken.filter((value) => value !== undefined)).toEqual(['prize']);
    });

    test('counts what all processes add, and only looks when nothing is added', async () => {
      const key = fresh();
      const { shortLived } = house.here;
      expect(await shortLived.count(key, 0, LONG)).toBe(0);
      const counts = await Promise.all(
        numbers(20).map((index) => (index % 2 === 0 ? house.here : house.there).shortLived.count(key, 1, LONG)),
      );
      expect(counts.toSorted((a, b) => a - b)).toEqual(numbers(20).map((index) => index + 1));
      expect(await shortLived.count(key, 0, LONG)).toBe(20);
    });

    test('counts from the first addition on, however often it is added to', async () => {
      const key = fresh();
      const { shortLived } = house.here;
      await shortLived.count(key, 1, 300);
      await sleep(200);
      await shortLived.count(key, 1, 300);
      await sleep(200);
      expect(await shortLived.count(key, 1, 300)).toBe(1);
    });
  });

  test('message references are those of their conversation and key', async () => {
    const [here, there] = [house.here, house.there].map(({ shortLived }) => createMessageRefs(shortLived, vault));
    if (here === undefined || there === undefined) throw new Error('two processes are needed');
    const conversation = fresh();
    await here.set(conversation, 'purchase:1', '1795.0001');
    await here.set(conversation, 'purchase:1', '1795.0002');
    expect(await there.get(conversation, 'purchase:1')).toBe('1795.0002');
    expect(await there.get(conversation, 'purchase:2')).toBeUndefined();
    expect(await there.get(fresh(), 'purchase:1')).toBeUndefined();
  });

  test('a message reference is kept as long as it is said to be', async () => {
    const refs = createMessageRefs(house.here.shortLived, vault);
    const conversation = fresh();
    await refs.set(conversation, 'heard:1', 'here', 200);
    await refs.set(conversation, 'heard:2', 'here');
    expect(await refs.get(conversation, 'heard:1')).toBe('here');
    await sleep(300);
    expect(await refs.get(conversation, 'heard:1')).toBeUndefined();
    expect(await refs.get(conversation, 'heard:2')).toBe('here');
  });

  test('a message reference is kept sealed; one kept in clear before is read, one whose key is gone is none', async () => {
    const { shortLived } = house.here;
    const refs = createMessageRefs(shortLived, vault);
    const conversation = fresh();
    const kept = (key: string) => `ref:{${conversation}}:${key}`;
    await refs.set(conversation, 'purchase:1', 'D00000001 1795.0001');
    const text = await shortLived.get(kept('purchase:1'));
    expect(text).toMatch(/^v2\./);
    expect(vault.open(text ?? '')).toBe('D00000001 1795.0001');
    await shortLived.set(kept('purchase:2'), 'D00000001 1795.0002', LONG);
    expect(await refs.get(conversation, 'purchase:2')).toBe('D00000001 1795.0002');
    await shortLived.set(kept('purchase:3'), createVault(Buffer.alloc(32, 8)).seal('D00000001 1795.0003'), LONG);
    expect(await refs.get(conversation, 'purchase:3')).toBeUndefined();
  });

  describe('a live log', () => {
    const read = async (log: string, after?: string) =>
      (await house.there.liveLog.read(log, after)).map(({ kind, data }) => `${kind} ${data}`);

    test('keeps entries in order, each id once, to be read from any position on', async () => {
      const log = fresh();
      for (const id of ['a', 'b', 'a', 'c']) await house.here.liveLog.append(log, id, 'said', id.toUpperCase());
      expect(await read(log)).toEqual(['said A', 'said B', 'said C']);
      const [first] = await house.here.liveLog.read(log);
      expect(first?.position).toMatch(/^\d{1,15}-\d{1,10}$/);
      expect(await read(log, first?.position)).toEqual(['said B', 'said C']);
      expect(await read(fresh())).toEqual([]);
    });

    test('keeps the newest 60, and knows the ids of some before them', async () => {
      const log = fresh();
      for (const index of numbers(70)) await house.here.liveLog.append(log, `id-${index}`, 'said', String(index));
      await house.here.liveLog.append(log, 'id-0', 'said', 'once more');
      expect(await read(log)).toEqual(numbers(60).map((index) => `said ${index + 10}`));
    });

    test('tells those who follow it in any process, and nobody of the others', async () => {
      const [log, other, ended] = [fresh(), fresh(), fresh()];
      const heard: (readonly [string, LogEntry | LogSignal])[] = [];
      const follower = house.there.liveLog.follow({
        heard: (where, what) => heard.push([where, what]),
        missed: () => undefined,
      });
      await Promise.all([follower.follow(log), follower.follow(ended)]);
      follower.unfollow(ended);
      for (const name of [other, ended, log]) await house.here.liveLog.append(name, 'a', 'said', 'one');
      await house.here.liveLog.signal(log, 'typing', 'now');
      await house.here.liveLog.append(log, 'b', 'said', 'two');
      await until(() => heard.length >= 3);
      follower.close();
      const [one, two] = await house.here.liveLog.read(log);
      expect(heard).toEqual([
        [log, one],
        [log, { kind: 'typing', data: 'now' }],
        [log, two],
      ]);
    });

    test('announces what is too large to be told at once', async () => {
      const log = fresh();
      const large = 'x'.repeat(20_000);
      let announced = 0;
      const announce = () => {
        announced += 1;
      };
      const follower = house.there.liveLog.follow({ heard: announce, missed: announce });
      await follower.follow(log);
      await house.here.liveLog.append(log, 'a', 'said', large);
      await until(() => announced > 0);
      follower.close();
      expect(await read(log)).toEqual([`said ${large}`]);
    });
  });

  describe('a queue', () => {
    test('runs each job once, on any number of workers, those that waited and those that come', async () => {
      const [here, there] = [house.here.jobs(), house.there.jobs()];
      const done: string[] = [];
      const ids = numbers(40).map((index) => `job-${index}`);
      for (const id of ids.slice(0, 20)) await here.add('purchases', id);
      // A second time while it waits: it stays one.
      await there.add('purchases', 'job-0');
      expect(await there.depth()).toMatchObject({ purchases: 20, outbox: 0 });
      const process = async (id: string) => {
        await sleep(5);
        done.push(id);
      };
      for (const jobs of [here, there]) jobs.run('purchases', 4, process, () => undefined);
      for (const id of ids.slice(20)) await there.add('purchases', id);
      await until(async () => (await here.depth()).purchases === 0);
      expect(done.toSorted()).toEqual(ids.toSorted());
      await Promise.all([here.close(), there.close()]);
    });

    test('wakes a worker that has nothing to do, and takes a job again once it is done', async () => {
      const [jobs, there] = [house.here.jobs(), house.there.jobs()];
      const done: string[] = [];
      jobs.run(
        'outbox',
        1,
        async (id) => void done.push(id),
        () => undefined,
      );
      await sleep(300);
      for (const round of [1, 2]) {
        await there.add('outbox', 'same');
        await until(() => done.length === round, 3_000);
        await until(async () => (await jobs.depth()).outbox === 0);
      }
      await Promise.all([jobs.close(), there.close()]);
    });

    test('tries a job again that failed, and says why it did', async () => {
      const jobs = house.here.jobs();
      const tried: string[] = [];
      const errors: unknown[] = [];
      const failing = async (id: string) => {
        tried.push(id);
        if (tried.length === 1) throw new Error('not now');
      };
      jobs.run('nudges', 1, failing, (error) => errors.push(error));
      await jobs.add('nudges', 'patient');
      await until(async () => tried.length === 2 && (await jobs.depth()).nudges === 0);
      expect(tried).toEqual(['patient', 'patient']);
      expect(errors).toEqual([expect.objectContaining({ message: 'not now' })]);
      await jobs.close();
    });

    test('brings a job back that was put off, however often, without a failure, and holds up no other', async () => {
      const [jobs, there] = [house.here.jobs(), house.there.jobs()];
      const tried: string[] = [];
      const errors: unknown[] = [];
      const busy = async (id: string) => {
        tried.push(id);
        if (id === 'patient' && tried.filter((one) => one === id).length < 8) throw new ChannelBusy(50);
        // While it is put off it stays one.
        if (id === 'other') await there.add('nudges', 'patient');
      };
      await jobs.add('nudges', 'patient');
      await jobs.add('nudges', 'other');
      jobs.run('nudges', 1, busy, (error) => errors.push(error));
      await until(async () => tried.length >= 9 && (await jobs.depth()).nudges === 0);
      expect(tried.slice(0, 2)).toEqual(['patient', 'other']);
      expect(tried.filter((id) => id === 'patient')).toHaveLength(8);
      expect(tried.filter((id) => id === 'other')).toHaveLength(1);
      expect(errors).toEqual([]);
      await Promise.all([jobs.close(), there.close()]);
    });
  });
});
