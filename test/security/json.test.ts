import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readJsonBody } from '../../bot/json.js';

const problem = (status: number, code: string) => expect.objectContaining({ status, code });

test('what JSON.parse reads is read the same', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
      const text = JSON.stringify(value);
      if (/__proto__|constructor/.test(text)) return;
      expect(readJsonBody(Buffer.from(text))).toEqual(JSON.parse(text));
    }),
    { seed: 45, numRuns: 500 },
  );
});

test.each([
  '{"__proto__":{"admin":true}}',
  '{"a":[{"b":{"__proto__":1}}]}',
  '{"constructor":{"prototype":{"admin":true}}}',
  '{"\\u005f_proto__":{"admin":true}}',
  '{"\\u0063onstructor":{"proto\\u0074ype":1}}',
])('a key that reaches for a prototype is refused: %s', (text) => {
  expect(() => readJsonBody(Buffer.from(text))).toThrow(problem(400, 'BAD_JSON'));
});

test('words are only words: in a value, or a key that merely looks alike', () => {
  for (const text of ['{"a":"__proto__"}', '{"constructor":"Smith & Sons"}', '{"a":"\\u005f"}']) {
    expect(readJsonBody(Buffer.from(text))).toEqual(JSON.parse(text));
  }
});

test.each([
  ['[', ']'],
  ['{"a":', '}'],
])('64 levels of %s are read, 65 are not, and a million cost no stack', (open, close) => {
  const nested = (levels: number) => Buffer.from(`${open.repeat(levels)}1${close.repeat(levels)}`);
  expect(readJsonBody(nested(64))).toBeDefined();
  expect(() => readJsonBody(nested(65))).toThrow(problem(413, 'TOO_DEEP'));
  expect(() => readJsonBody(nested(1_000_000))).toThrow(problem(413, 'TOO_DEEP'));
});

test('brackets inside of strings are not levels, whatever is escaped around them', () => {
  const text = JSON.stringify({ a: `"${'['.repeat(500)}\\"`, b: '\\', c: '{'.repeat(100) });
  expect(readJsonBody(Buffer.from(text))).toEqual(JSON.parse(text));
});

test('a refusal says nothing of what was sent, nor does its cause', () => {
  for (const body of ['{"msisdn":601155999123', Buffer.from('601155999123 x'), undefined, 7]) {
    let thrown: unknown;
    try {
      readJsonBody(body);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ status: 400 });
    expect((thrown as Error).cause).toBeUndefined();
    expect(JSON.stringify(thrown) + String(thrown)).not.toContain('601155999123');
  }
});
