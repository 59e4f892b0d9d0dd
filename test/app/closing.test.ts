import { expect, test } from '@jest/globals';
import { Closing } from '../../bot/closing.js';

test('what was opened last is closed first; what hangs or fails is named and keeps nothing else open, nor the process', async () => {
  const closed: string[] = [];
  const { closing, said } = closingWithin(100);
  closing.add('the store', async () => closed.push('the store'));
  closing.add('a turn that never ends', () => {
    closed.push('a turn that never ends');
    return new Promise(() => undefined);
  });
  closing.add('what fails', () => Promise.reject(new Error('broken')));
  closing.add('the web', async () => closed.push('the web'));
  await Promise.all([closing.run(), closing.run()]);
  expect(closed).toEqual(['the web', 'a turn that never ends', 'the store']);
  expect(said).toEqual(['what fails: did not stop cleanly', 'a turn that never ends: did not stop in time']);
});

test('all that takes new work is told at once, whatever the first of it waits for, and what it stands on is closed after it', async () => {
  const told: string[] = [];
  const { closing, said } = closingWithin(10_000);
  let finish = () => {};
  closing.addTaker('orders', () => {
    told.push('orders');
    return new Promise<void>((resolve) => {
      finish = resolve;
    });
  });
  closing.add('the store', async () => told.push('the store'));
  closing.addTaker('the web', async () => told.push('the web'));
  const closed = closing.run();
  expect(told).toEqual(['orders', 'the web']);
  await new Promise(setImmediate);
  expect(told).not.toContain('the store');
  finish();
  await closed;
  expect(told).toEqual(['orders', 'the web', 'the store']);
  expect(said).toEqual([]);
});

function closingWithin(withinMs: number) {
  const said: string[] = [];
  const warn = (about: object, what?: string) => void said.push(`${partOf(about)}: ${what}`);
  return { closing: new Closing({ warn }, withinMs), said };
}

function partOf(about: object): string {
  return 'part' in about ? String(about.part) : '';
}
