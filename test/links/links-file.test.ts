import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readCsv } from '../../bot/identity/csv.js';
import { readLinksFile } from '../../bot/identity/links-file.js';

const HEADER = 'channel,workspace,user,msisdn,operator';
const read = (...lines: string[]) => readLinksFile([HEADER, ...lines].join('\n'));
const daniel = {
  channel: 'slack',
  workspace: 'T1',
  user: 'U1',
  operator: 'celcom',
  key: { type: 'MSISDN', value: '60123456789' },
};

describe('a links file', () => {
  test('links people of every channel', () => {
    const { links, problems } = read(
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
  ])('may come with %s', (_, text) => {
    expect(readLinksFile(text)).toEqual({ links: [daniel], problems: [], notes: [] });
  });

  test.each(['+60123456789', '60 12-345 6789', '+60 12‑345–6789', '"60\u00a012 345 6789"'])(
    'takes the number %s',
    (msisdn) => {
      expect(read(`slack,T1,U1,${msisdn},celcom`).links).toEqual([daniel]);
    },
  );

  test.each([
    '',
    '0123456789',
    '0060123456789',
    '6012345',
    '6012345678901234',
    '6.0123E+10',
    '60123456789x',
    '++60123456789',
    '٦٠١٢٣٤٥٦٧٨٩',
  ])('refuses the number "%s" without repeating it', (msisdn) => {
    const { links, problems } = read(`slack,T1,U1,${msisdn},celcom`);
    expect(links).toEqual([]);
    const empty = msisdn === '' ? 'empty, ' : '';
    const text = `msisdn: ${empty}expected a number with its country code, 8 to 15 digits`;
    expect(problems).toEqual([{ line: 2, text }]);
  });

  test('names every wrong line, and all that is wrong with it', () => {
    const { problems } = read(
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
        text: 'msisdn: expected a number with its country code, 8 to 15 digits; operator: expected letters, digits, - and _',
      },
      { line: 10, text: 'user: expected a persona (daniel, or daniel~copy)' },
      {
        line: 11,
        text: 'workspace: empty, expected the phone number id; user: empty, expected the user’s WhatsApp id',
      },
      { line: 12, text: 'channel: expected one of slack, teams, web, whatsapp' },
    ]);
  });

  test('counts lines as an editor does, also where a cell holds a line end', () => {
    const { problems } = read('slack,T1,"U\n1",60123456789,celcom', 'slack,T1,U1,1,celcom');
    expect(problems.map(({ line }) => line)).toEqual([2, 4]);
  });

  test('that says the same twice is told so; one that contradicts itself is refused', () => {
    const twice = read('slack,T1,U1,60123456789,celcom', 'slack,T1,U1,+60 123456789,celcom');
    expect(twice).toEqual({ links: [daniel], problems: [], notes: [{ line: 3, text: 'says the same as line 2' }] });
    const text = 'the same user as line 2 with another number or operator';
    for (const other of ['slack,T1,U1,60123456780,celcom', 'slack,T1,U1,60123456789,digi']) {
      expect(read('slack,T1,U1,60123456789,celcom', other).problems).toEqual([{ line: 3, text }]);
    }
    const guid = 'aaaaaaaa-0000-4000-8000-000000000001';
    const teams = [`teams,t,${guid},60123456789,celcom`, `teams,T,${guid.toUpperCase()},60123456780,celcom`];
    expect(read(...teams).problems).toEqual([{ line: 3, text }]);
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
  ])('needs the right header: %j', (text, problem) => {
    const { links, problems } = readLinksFile(text);
    expect(links).toEqual([]);
    expect(problems).toEqual([{ line: expect.any(Number), text: expect.stringMatching(problem) }]);
    expect(problems[0]?.text).not.toMatch(/\d{5}/);
  });

  test('with a header and nothing else links nobody', () => {
    expect(readLinksFile(`${HEADER}\n`)).toEqual({ links: [], problems: [], notes: [] });
  });

  test('never has a remark that holds anything of the line', () => {
    const cell = fc.oneof(fc.string(), fc.constantFrom('slack', 'T1', 'U1', '60123456789'));
    fc.assert(
      fc.property(fc.array(fc.array(cell, { maxLength: 7 })), (rows) => {
        const canary = 'x60777000111';
        const { problems, notes } = read(...rows.map((cells) => [...cells, canary].join(',')));
        for (const { text } of [...problems, ...notes]) expect(text).not.toContain('777000111');
      }),
    );
  });
});

describe('CSV', () => {
  const quote = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
  const cell = fc.string({ unit: fc.constantFrom('a', ' ', ',', '"', '\n', '\r', '٣', '😀'), maxLength: 8 });
  const table = fc.array(fc.array(cell, { minLength: 1, maxLength: 5 }), { maxLength: 6 });

  test('written with quotes is read as it was written', () => {
    fc.assert(
      fc.property(table, fc.constantFrom('\n', '\r\n', '\r'), fc.boolean(), (rows, end, last) => {
        const text = rows.map((cells) => cells.map(quote).join(',')).join(end) + (last ? end : '');
        const expected = rows
          .map((cells) => cells.map((each) => each.trim()))
          .filter((cells) => cells.some((each) => each !== ''));
        expect([...readCsv(text)].map((row) => ('cells' in row ? row.cells : row))).toEqual(expected);
      }),
    );
  });

  test('of any kind is read to its end, on lines that are there and rise', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r') }), (text) => {
        const lines = [...readCsv(text)].map(({ line }) => line);
        expect(lines).toEqual([...new Set(lines)].sort((a, b) => a - b));
        expect(lines.at(-1) ?? 0).toBeLessThanOrEqual(text.split(/\r\n|\n|\r/).length);
      }),
    );
  });

  test('with a quote lost on every line is done in a moment', () => {
    const began = Date.now();
    expect([...readCsv('"a,b\n'.repeat(100_000))].length).toBeGreaterThan(0);
    expect([...readCsv(`"${'a'.repeat(5_000_000)}`)]).toEqual([{ line: 1, fault: expect.any(String) }]);
    expect(Date.now() - began).toBeLessThan(5000);
  });
});
