import { expect, test } from '@jest/globals';
import { Closing } from '../../bot/closing.js';

test('what was opened last is closed first; what hangs or fails is named and keeps nothing else open, nor the process', async () => {
  const closed: string[] = [];
  const said: string[] = [];
  const closing = new Closing(
    { warn: (about: object, what?: string) => void said.push(`${partOf(about)}: ${what}`) },
    100,
  );
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

function partOf(about: object): string {
  return 'part' in about ? String(about.part) : '';
}
