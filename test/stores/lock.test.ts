import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { takeLock } from '../../bot/stores/lock.js';
import { startScript, tempFolder } from '../support/stores.js';

const TAKE = `
  import { takeLock } from './bot/stores/lock.ts';
  try {
    await takeLock(process.argv[1]);
    console.log('owner');
    setTimeout(() => undefined, 60_000);
  } catch (error) {
    console.log(error.code);
  }`;

let folder: ReturnType<typeof tempFolder>;
let path: string;
beforeEach(() => {
  folder = tempFolder();
  path = join(folder.path, 'store');
});
afterEach(() => folder.remove());

describe('a lock', () => {
  test('has one owner until it is released', async () => {
    const lock = await takeLock(path);
    await expect(takeLock(path)).rejects.toMatchObject({ code: 'STORE_IN_USE' });
    lock.release();
    (await takeLock(path)).release();
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test('refuses a second living process, names the first and says what to do', async () => {
    const first = startScript(TAKE, path);
    expect(await first.ready).toBe('owner');
    const refusal = expect.objectContaining({
      code: 'STORE_IN_USE',
      message: expect.stringMatching(new RegExp(`process ${first.pid} .*REFILL_DATA_DIR`)),
    });
    await expect(takeLock(path)).rejects.toEqual(refusal);
    await first.kill();
  });

  test('passes on at once when its owner was killed', async () => {
    const first = startScript(TAKE, path);
    await first.ready;
    await first.kill();
    const lock = await takeLock(path);
    expect(readdirSync(folder.path)).toHaveLength(1);
    lock.release();
  });

  test('is not held by a stranger who got the dead owner’s process id', async () => {
    writeFileSync(`${path}.lock.${process.ppid}.12345-0badb007`, '');
    (await takeLock(path)).release();
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test('is held by an owner whose process cannot be seen, as from another container, for as long as it lives', async () => {
    const first = startScript(TAKE, path);
    await first.ready;
    const [claim = ''] = readdirSync(folder.path);
    renameSync(join(folder.path, claim), `${path}.lock.999999999.1-0badb007`);
    const refusal = expect.objectContaining({
      code: 'STORE_IN_USE',
      message: expect.stringContaining('process 999999999 of another container'),
    });
    await expect(takeLock(path)).rejects.toEqual(refusal);
    await first.kill();
    (await takeLock(path)).release();
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test('is one where the path is too long for a socket as well', async () => {
    const deep = join(folder.path, 'x'.repeat(120));
    mkdirSync(deep);
    const first = startScript(TAKE, join(deep, 'store'));
    expect(await first.ready).toBe('owner');
    await expect(takeLock(join(deep, 'store'))).rejects.toMatchObject({ code: 'STORE_IN_USE' });
    await first.kill();
    (await takeLock(join(deep, 'store'))).release();
    expect([readdirSync(deep), readdirSync(folder.path)]).toEqual([[], ['x'.repeat(120)]]);
  });

  test('goes to exactly one of many processes that find a dead owner’s at the same time', async () => {
    writeFileSync(`${path}.lock.999999999.1-0badb007`, '');
    const scripts = Array.from({ length: 6 }, () => startScript(TAKE, path));
    const outcomes = await Promise.all(scripts.map(({ ready }) => ready));
    expect(outcomes.toSorted()).toEqual([...Array(5).fill('STORE_IN_USE'), 'owner'].toSorted());
    await Promise.all(scripts.map((script) => script.kill()));
  });

  test('goes to exactly one of many who ask within one process', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => takeLock(path)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});
