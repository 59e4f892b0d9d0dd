import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readCsv } from '../../bot/identity/csv.js';
import { LINKS, readEntries, USERS } from '../../bot/identity/links-file.js';
import { checkFile } from '../../bot/identity/links-import.js';
import { allOf, inPieces } from './pieces.js';

const HEADER = 'channel,workspace,user,msisdn,operator';
const read = (...lines: string[]) => readFile([HEADER, ...lines].join('\n'));

/** What a whole file says, and what is said about it. */
async function readFile(text: string) {
  const rows = await allOf(readEntries(inPieces(text), LINKS));
  const { problems, notes } = await checkFile(inPieces(text), LINKS);
  return {
    links: rows.flatMap((row) => ('entry' in row ? [row.entry] : [])),
    problems: problems.first,
    notes: notes.first,
  };
}
const daniel = {
  channel: 'slack',
  workspace: 'T1',
  user: 'U1',
  operator: 'celcom',
  key: { type: 'MSISDN', value: '60123456789' },
};

describe('a links file', () => {
  test('links people of every channel', async () => {
    const { links, problems } = await read(
      'slack,T1,U1,60123456789,celcom',
      'teams,6F2C0000-0000-4000-8000-0000000000AB,AAAAAAAA-0000-4000-8000-000000000001,60123456780,celcom',
      'web,,daniel,60123456781,digi',
      'web,anything,aisha~x7k2,60123456782,digi',
      'whatsapp,106540352242922,MY.13491208655302741918,60123456783,u-mobile_2',
    );
    expect(problems).toEqual([]);
    expect(links.map(({ channel, workspace, user }) => [channel, workspace, user])).toEqual([
      ['slack', 'T1', 'U1'],
      ['teams', '6f2c0000-0000-4000-8000-0000000000ab', 'aaaaaaaa-0000-4000-8000-000000000001'],
      ['web', '', 'daniel'],
      ['web', '', 'aisha~x7k2'],
      ['whatsapp', '106540352242922', 'MY.13491208655302741918'],
    ]);
    expect(links[0]).toEqual(daniel);
  });

  test.each([
    ['columns in another order', 'operator,msisdn,user,workspace,channel\ncelcom,60123456789,U1,T1,slack\n'],
    ['quotes', '"channel","workspace","user","msisdn","operator"\n"slack","T1","U1","60123456789","celcom"'],
    ['Windows line ends', `${HEADER}\r\nslack,T1,U1,60123456789,celcom\r\n`],
    ['old Mac line ends', `${HEADER}\rslack,T1,U1,60123456789,celcom\r`],
    ['spaces and capitals', ' Channel , Workspace,USER ,msisdn,operator\n Slack , T1,U1 ,60123456789 , celcom '],
    ['empty lines', `\n\n${HEADER}\n\nslack,T1,U1,60123456789,celcom\n\n,,,,\n`],
  ])('may come with %s', async (_, text) => {
    expect(await readFile(text)).toEqual({ links: [daniel], problems: [], notes: [] });
  });

  test.each([
    '+60123456789',
    '60 12-345 6789',
    '+60 12‑345–6789',
    '"60\u00a012 345 6789"',
    '0060123456789',
    '+60 012-345 6789',
    '+60 (0)12-345 6789',
    '\u202a+60123456789\u202c',
    '٦٠١٢٣٤٥٦٧٨٩',
  ])('takes the number %s', async (msisdn) => {
    expect((await read(`slack,T1,U1,${msisdn},celcom`)).links).toEqual([daniel]);
  });

  test.each([
    '',
    '0123456789',
    '12345678',
    '6012345',
    '6012345678901234',
    '999123456789',
    '6.0123E+10',
    '60123456789.0',
    '60123456789x',
    '++60123456789',
  ])('refuses the number "%s" without repeating it', async (msisdn) => {
    const { links, problems } = await read(`slack,T1,U1,${msisdn},celcom`);
    expect(links).toEqual([]);
    const empty = msisdn === '' ? 'empty, ' : '';
    const text = `msisdn: ${empty}expected a phone number with its country code, as long as that country’s are`;
    expect(problems).toEqual([{ line: 2, text }]);
  });

  test('names every wrong line, and all that is wrong with it', async () => {
    const { problems } = await read(
      'slack,T1,U1,60123456789,celcom',
      'sms,T1,U1,60123456789,celcom',
      'slack,U1,T1,60123456789,celcom',
      'teams,,29:1bSn,60123456789,celcom',
      'slack,T1,U2,60123456789',
      'slack,T1,U3,60123456789,celcom,more',
      'slack,T1,U4,"60123456789,celcom',
      'slack,T1,U5,1,cel com',
      'web,,Daniel,60123456789,celcom',
      'whatsapp,,,60123456789,celcom',
      '__proto__,T1,U1,60123456789,celcom',
    );
    expect(problems).toEqual([
      { line: 3, text: 'channel: expected one of slack, teams, web, whatsapp' },
      {
        line: 4,
        text: 'workspace: expected a Slack team id (T…); user: expected a Slack user id (U… or W…)',
      },
      { line: 5, text: 'workspace: empty, expected the tenant id; user: expected the aadObjectId (a GUID)' },
      { line: 6, text: 'expected 5 cells and found 4' },
      { line: 7, text: 'expected 5 cells and found 6' },
      { line: 8, text: expect.stringContaining('a quote is not closed') },
      {
        line: 9,
        text: 'msisdn: expected a phone number with its country code, as long as that country’s are; operator: expected letters, digits, - and _',
      },
      { line: 10, text: 'user: expected a persona (daniel, or daniel~copy)' },
      {
        line: 11,
        text: 'workspace: empty, expected the phone number id; user: empty, expected the user’s WhatsApp id',
      },
      { line: 12, text: 'channel: expected one of slack, teams, web, whatsapp' },
    ]);
  });

  test('counts lines as an editor does, also where a cell holds a line end', async () => {
    const { problems } = await read('slack,T1,"U\n1",60123456789,celcom', 'slack,T1,U1,1,celcom');
    expect(problems.map(({ line }) => line)).toEqual([2, 4]);
  });

  test('that says the same twice is told so; one that contradicts itself is refused', async () => {
    const twice = await read('slack,T1,U1,60123456789,celcom', 'slack,T1,U1,+60 123456789,celcom');
    expect(twice).toEqual({
      links: [daniel, daniel],
      problems: [],
      notes: [{ line: 3, text: 'says the same as line 2' }],
    });
    const text = 'the same user as line 2 with another number or operator';
    for (const other of ['slack,T1,U1,60123456780,celcom', 'slack,T1,U1,60123456789,digi']) {
      expect((await read('slack,T1,U1,60123456789,celcom', other)).problems).toEqual([{ line: 3, text }]);
    }
    const guid = 'aaaaaaaa-0000-4000-8000-000000000001';
    const teams = [`teams,t,${guid},60123456789,celcom`, `teams,T,${guid.toUpperCase()},60123456780,celcom`];
    expect((await read(...teams)).problems).toEqual([{ line: 3, text }]);
  });

  test.each([
    ['', /^the file is empty: the first line must be channel,workspace,user,msisdn,operator/],
    ['\n\n', /^the file is empty/],
    ['slack,T1,U1,60123456789,celcom\n', /^the first line must be channel,workspace,user,msisdn,operator/],
    ['channel;workspace;user;msisdn;operator\n', /^the first line must be/],
    ['channel,workspace,user,msisdn', /^missing column: operator;/],
    [`${HEADER},name,plan`, /^unknown column: name, plan;/],
    [`${HEADER},60123456789`, /^unknown column: the 6. one;/],
    [`${HEADER},msisdn`, /^the column msisdn is there more than once/],
    ['"channel,workspace', /^a quote is not closed/],
  ])('needs the right header: %j', async (text, problem) => {
    const { links, problems } = await readFile(text);
    expect(links).toEqual([]);
    expect(problems).toEqual([{ line: expect.any(Number), text: expect.stringMatching(problem) }]);
    expect(problems[0]?.text).not.toMatch(/\d{5}/);
  });

  test('with a header and nothing else links nobody', async () => {
    expect(await readFile(`${HEADER}\n`)).toEqual({ links: [], problems: [], notes: [] });
  });

  test('never has a remark that holds anything of the line', async () => {
    const cell = fc.oneof(fc.string(), fc.constantFrom('slack', 'T1', 'U1', '60123456789'));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(cell, { maxLength: 7 })), async (rows) => {
        const canary = 'x60777000111';
        const { problems, notes } = await read(...rows.map((cells) => [...cells, canary].join(',')));
        for (const { text } of [...problems, ...notes]) expect(text).not.toContain('777000111');
      }),
    );
  });

  test('with very many wrong lines shows the first twenty and counts the rest', async () => {
    const lines = Array.from({ length: 25 }, (_, n) => `slack,T1,U${n},1,celcom`);
    const { problems, users } = await checkFile(inPieces([HEADER, ...lines].join('\n')), LINKS);
    expect(problems.first.map(({ line }) => line)).toEqual(Array.from({ length: 20 }, (_, n) => n + 2));
    expect([problems.count, users]).toEqual([25, 0]);
  });

  test('with more users than can be remembered is refused where that is noticed', async () => {
    const text = [HEADER, ...['U1', 'U2', 'U1', 'U3', 'U4'].map((user) => `slack,T1,${user},60123456789,celcom`)];
    const { problems } = await checkFile(inPieces(text.join('\n')), LINKS, { mostUsers: 2 });
    expect(problems.first).toEqual([{ line: 5, text: 'more than 2 users: split the file' }]);
    expect((await checkFile(inPieces(text.slice(0, 4).join('\n')), LINKS, { mostUsers: 2 })).problems.count).toBe(0);
  });
});

describe('a file of users to take out', () => {
  const users = async (text: string) => {
    const rows = await allOf(readEntries(inPieces(text), USERS));
    return rows.map((row) => ('entry' in row ? row.entry : row.wrong));
  };
  const u1 = { channel: 'slack', workspace: 'T1', user: 'U1' };

  test('needs to say who they are, and may be the file they were imported with', async () => {
    expect(await users('channel,workspace,user\nslack,T1,U1')).toEqual([u1]);
    expect(await users(`${HEADER}\nslack,T1,U1,not a number,`)).toEqual([u1]);
    expect(await users('channel,user\nslack,U1')).toEqual([
      'missing column: workspace; the first line must be channel,workspace,user (in any order)',
    ]);
    expect(await users('channel,workspace,user\nslack,U1,T1')).toEqual([
      'workspace: expected a Slack team id (T…); user: expected a Slack user id (U… or W…)',
    ]);
  });
});

describe('CSV', () => {
  const quote = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
  const cell = fc.string({ unit: fc.constantFrom('a', ' ', ',', '"', '\n', '\r', '٣', '😀'), maxLength: 8 });
  const table = fc.array(fc.array(cell, { minLength: 1, maxLength: 5 }), { maxLength: 6 });
  const rowsOf = (text: string, size?: number) => allOf(readCsv(inPieces(text, size)));

  test('written with quotes is read as it was written', async () => {
    await fc.assert(
      fc.asyncProperty(table, fc.constantFrom('\n', '\r\n', '\r'), fc.boolean(), async (rows, end, last) => {
        const text = rows.map((cells) => cells.map(quote).join(',')).join(end) + (last ? end : '');
        const expected = rows
          .map((cells) => cells.map((each) => each.trim()))
          .filter((cells) => cells.some((each) => each !== ''));
        expect((await rowsOf(text)).map((row) => ('cells' in row ? row.cells : row))).toEqual(expected);
      }),
    );
  });

  const anything = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r') });

  test('of any kind is read to its end, on lines that are there and rise', async () => {
    await fc.assert(
      fc.asyncProperty(anything, async (text) => {
        const lines = (await rowsOf(text)).map(({ line }) => line);
        expect(lines).toEqual([...new Set(lines)].sort((a, b) => a - b));
        expect(lines.at(-1) ?? 0).toBeLessThanOrEqual(text.split(/\r\n|\n|\r/).length);
      }),
    );
  });

  test('says the same however it is cut into pieces', async () => {
    // Cells and faults long enough that reading does not wait for the end of the text.
    const long = fc.constantFrom('b'.repeat(990), `"${'c\r\n'.repeat(300)}"`, 'd'.repeat(5000), `"${'e'.repeat(3000)}`);
    const part = fc.oneof({ weight: 3, arbitrary: anything }, { weight: 1, arbitrary: long });
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 30 }), fc.integer({ min: 1, max: 6000 }), async (parts, size) => {
        const text = parts.join('');
        expect(await rowsOf(text, size)).toEqual(await rowsOf(text, text.length + 1));
      }),
      { seed: 4, numRuns: 300 },
    );
  });

  test('counts a line end once that is cut in half, also where a line is passed over', async () => {
    const text = `"${'a'.repeat(5000)}\r\nb,c\r\n${'d'.repeat(900)},e\r\n`.repeat(8);
    const whole = await rowsOf(text, text.length);
    expect(whole.map(({ line }) => line)).toEqual(Array.from({ length: 24 }, (_, n) => n + 1));
    for (const size of [1, 2, 7, 5002, 5003, 5004]) expect(await rowsOf(text, size)).toEqual(whole);
  });

  test('with a quote lost on every line is done in a moment', async () => {
    const began = Date.now();
    expect((await rowsOf('"a,b\n'.repeat(100_000))).length).toBeGreaterThan(0);
    expect(await rowsOf(`"${'a'.repeat(5_000_000)}`)).toEqual([{ line: 1, fault: expect.any(String) }]);
    expect(Date.now() - began).toBeLessThan(5000);
  });

  test('of one endless line is a fault, not a row without end', async () => {
    expect(await rowsOf(`${','.repeat(1_000_000)}\na,b`)).toEqual([
      { line: 1, fault: 'more than 1,000 cells' },
      { line: 2, cells: ['a', 'b'] },
    ]);
  });
});
