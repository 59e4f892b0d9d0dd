import { rmSync, writeFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ChatUser } from '../../bot/domain/chat-user.js';
import { LINKS, USERS } from '../../bot/identity/links-file.js';
import { BATCH, checkFile, inBatches } from '../../bot/identity/links-import.js';
import { SeenUsers } from '../../bot/identity/seen-users.js';
import { openTextFile } from '../../bot/identity/text-file.js';
import { LedgerUnavailable } from '../../bot/ledger/index.js';
import type { Link } from '../../bot/ledger/ledger.js';
import { tempFolder } from '../support/stores.js';

const HEADER = 'channel,workspace,user,msisdn,operator\n';
const folder = tempFolder();
afterAll(() => folder.remove());

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const line = (n: number) => `slack,T1,U${n},${60_200_000_000 + n},celcom\n`;
const ROWS = 200_000;

/** A file of `rows` lines that is made while it is read, and knows how far that is. */
function longFile(rows: number) {
  const file = {
    read: 0,
    async *pieces() {
      yield HEADER;
      for (file.read = 0; file.read < rows; ) {
        const end = Math.min(file.read + 500, rows);
        let piece = '';
        while (file.read < end) piece += line(file.read++);
        yield piece;
      }
    },
    changed: async () => false,
  };
  return file;
}

describe('a file of 200,000 lines', () => {
  test('is checked without being kept', async () => {
    const before = heapUsed();
    let most = 0;
    const progress = (lines: number) => {
      if (lines % 20_000 === 0) most = Math.max(most, heapUsed() - before);
    };
    const found = await checkFile(longFile(ROWS).pieces(), LINKS, { progress });
    expect(found).toMatchObject({ users: ROWS, problems: { count: 0 }, notes: { count: 0 } });
    // As objects they would take more than 60 MB, as text 9; their fingerprints take 10 and are not of the heap.
    expect(most).toBeLessThan(8 * 1024 * 1024);
  }, 60_000);

  test('is saved a batch at a time, and is never read further than the batch that is being saved', async () => {
    const file = longFile(ROWS);
    const sizes: number[] = [];
    const ahead: number[] = [];
    const said: number[] = [];
    let saved = 0;
    const save = async (links: readonly Link[]) => {
      await new Promise(setImmediate);
      saved += links.length;
      sizes.push(links.length);
      ahead.push(file.read - saved);
      return links.filter((_, n) => n % 2 === 0).length;
    };
    expect(await inBatches(file, LINKS, save, (done) => void said.push(done))).toBe(ROWS / 2);
    expect(new Set(sizes)).toEqual(new Set([BATCH]));
    expect([saved, said.at(-1), said.length]).toEqual([ROWS, ROWS, ROWS / BATCH]);
    // What the reader may hold back: a piece, and what it needs to see before a cell is certain.
    expect(Math.max(...ahead)).toBeLessThanOrEqual(1000);
  }, 60_000);
});

/** Of what cannot be thrown away, in bytes. */
function heapUsed(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

describe('an import that stops halfway', () => {
  const rows = 2 * BATCH + 10;
  const opened = async (name: string, text = HEADER + Array.from({ length: rows }, (_, n) => line(n)).join('')) => {
    const path = join(folder.path, name);
    writeFileSync(path, text);
    return { path, file: await openTextFile(path) };
  };

  test('says what is done already when the store fails', async () => {
    const { file } = await opened('fails.csv');
    let batches = 0;
    const save = async (links: readonly Link[]) => {
      if (++batches === 3) throw new LedgerUnavailable('the ledger is not available (saveLinks)');
      return links.length;
    };
    await expect(inBatches(file, LINKS, save)).rejects.toMatchObject({
      code: 'LINKS_INTERRUPTED',
      message:
        'the ledger is not available (saveLinks). The first 2000 lines are done and stay; do it again with the whole file',
    });
    await file.close();
  });

  test('notices that the file was written to since it was checked, before and meanwhile', async () => {
    const { path, file } = await opened('changes.csv');
    const saved: number[] = [];
    const save = async (links: readonly Link[]) => {
      saved.push(links.length);
      if (saved.length === 1) await appendFile(path, line(rows + 1));
      return links.length;
    };
    await expect(inBatches(file, LINKS, save)).rejects.toMatchObject({ message: /written to .* first 2000 lines/ });
    await expect(inBatches(file, LINKS, save)).rejects.toMatchObject({ message: /written to .* first 0 lines/ });
    expect(saved).toEqual([BATCH, BATCH]);
    await file.close();
  });

  test('reads on in the file that was checked when another takes its name', async () => {
    const { path, file } = await opened('replaced.csv');
    rmSync(path);
    writeFileSync(path, `${HEADER}slack,T1,U1,60999999999,celcom\n`);
    const save = async (links: readonly Link[]) => links.length;
    expect(await inBatches(file, LINKS, save)).toBe(rows);
    await file.close();
  });

  test('never writes a line that is wrong, even where nobody checked', async () => {
    const { file } = await opened('unchecked.csv', `${HEADER}${line(1)}slack,T1,U2,1,celcom\n`);
    let saved = 0;
    const save = async (users: readonly ChatUser[]) => {
      saved += users.length;
      return saved;
    };
    await expect(inBatches(file, LINKS, save)).rejects.toMatchObject({ code: 'LINKS_INTERRUPTED' });
    expect(saved).toBe(0);
    expect(await inBatches(file, USERS, save)).toBe(2);
    await file.close();
  });
});

test('users are told apart, and what was said of them, however many there are', () => {
  const user = fc.record({
    channel: fc.constantFrom('slack', 'web'),
    workspace: fc.constantFrom('', 'T1', '"'),
    user: fc.constantFrom('U1', 'U2', ',', 'T1'),
  });
  fc.assert(
    fc.property(fc.array(fc.tuple(user, fc.constantFrom('', 'a', 'b'))), (entries) => {
      const seen = new SeenUsers();
      const known = new Map<string, { says: string; line: number }>();
      entries.forEach(([who, says], n) => {
        const key = JSON.stringify(who);
        const before = known.get(key);
        if (before === undefined) known.set(key, { says, line: n + 1 });
        const expected = before && { line: before.line, same: before.says === says };
        expect(seen.add(who, says, n + 1)).toEqual(expected);
      });
      expect(seen.count).toBe(known.size);
    }),
    { seed: 4 },
  );
  const many = new SeenUsers();
  const who = (n: number) => ({ channel: 'slack', workspace: 'T1', user: `U${n}` });
  for (let n = 1; n <= 20_000; n++) expect(many.add(who(n), `${n}`, n)).toBeUndefined();
  for (let n = 1; n <= 20_000; n += 37) expect(many.add(who(n), `${n}`, 99_999)).toEqual({ line: n, same: true });
});
