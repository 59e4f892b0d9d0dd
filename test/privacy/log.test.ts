import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createLog } from '../../bot/log.js';

function capture() {
  const lines: string[] = [];
  const log = createLog('trace', { write: (line) => void lines.push(line) });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') };
}

const CANARY = '601155999123';
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

describe('a log line', () => {
  test('of any level cuts out what names a person or a secret, in any spelling and at any depth', () => {
    const { log, lines } = capture();
    const names = [
      'msisdn',
      'from',
      'wa_id',
      'userName',
      'user_name',
      'Authorization',
      'set-cookie',
      'access_token',
      'clientSecret',
      'text',
    ];
    for (const level of LEVELS) {
      for (const name of names) {
        log[level]({ [name]: 'canary-words', deep: { list: [{ [name]: 'canary-words' }] } }, 'something happened');
      }
    }
    expect(lines).toHaveLength(LEVELS.length * names.length);
    expect(lines.join('')).not.toContain('canary-words');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ msisdn: '[redacted]', msg: 'something happened' });
  });

  test('shows dates and counts, and masks a number that is as long as a subscriber’s', () => {
    const { log, last } = capture();
    const at = new Date('2026-11-21T12:00:00Z');
    log.info({
      at,
      gone: new Date(Number.NaN),
      ms: 1234567,
      rate: 12345678.5,
      heapBytes: 123456789,
      who: 601155999123,
      big: 601155999123n,
      list: [60115599],
    });
    expect(last()).toMatchObject({
      at: at.toISOString(),
      gone: 'invalid date',
      ms: 1234567,
      rate: 12345678.5,
      heapBytes: 123456789,
    });
    expect(last()).toMatchObject({ who: '…23', big: '…23', list: ['…99'] });
  });

  test('masks numbers and tokens wherever they stand: in words, in errors, in their causes and stacks', () => {
    const { log, lines } = capture();
    const texts = [
      CANARY,
      '+60 11-5599 9123',
      'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl',
      'Bearer abc.def-ghi',
      'xoxb-1234-canary',
      'EAAGcanarycanary12',
      'postgres://user:canary-password@db/refill',
    ];
    for (const text of texts) {
      const cause = new Error(`inner ${text}`);
      const error = new Error(`outer ${text}`, { cause });
      log.error({ err: error, why: text, list: [text], nested: { error } }, `said ${text}`);
      log.error(error);
      log.info(text);
    }
    for (const secret of [CANARY, '5599 9123', 'eyJhbGci', 'abc.def', 'xoxb-1234', 'EAAGcanary', 'canary-password']) {
      expect(lines.join('')).not.toContain(secret);
    }
    expect(lines.join('')).toContain('…23');
  });

  test('leaves out what foreign errors carry besides their words', () => {
    const { log, lines } = capture();
    const error = Object.assign(new Error('refused'), {
      code: '23505',
      detail: `Key (msisdn)=(${CANARY})`,
      response: { body: CANARY },
    });
    log.warn({ err: error }, 'x');
    expect(lines[0]).not.toContain(CANARY);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ err: { type: 'Error', code: '23505', message: 'refused' } });
  });

  test('takes no number for a measure because a word ends like one, nor any as long as a subscriber’s', () => {
    const { log, last } = capture();
    const named = ['account', 'discount', 'params', 'items', 'algorithms', 'Account', 'waitMs', 'wait_ms', 'count'];
    log.info(Object.fromEntries(named.map((name) => [name, 601155999123])));
    for (const name of named) expect(last()[name]).toBe('…23');
    const measured = {
      waitMs: 12345678,
      wait_ms: 12345678,
      bodyBytes: 123456789,
      entryCount: 12345678,
      seconds: 12345678,
    };
    log.info({ ...measured, account: 12345678, discount: 12345678, params: 12345678, items: 12345678 });
    const masked = '…78';
    expect(last()).toMatchObject({ ...measured, account: masked, discount: masked, params: masked, items: masked });
  });

  test('keeps what operators need: ids, states, counts, where it listens', () => {
    const { log, last } = capture();
    const purchase = '11111111-2222-4333-8444-555555555555';
    log.info(
      { purchase, to: 'completed', moved: true, ms: 123456789, url: 'http://10.20.30.40:3000', channels: ['web'] },
      purchase,
    );
    expect(last()).toMatchObject({
      purchase,
      to: 'completed',
      ms: 123456789,
      url: 'http://10.20.30.40:3000',
      msg: purchase,
    });
  });

  test('with a canary number anywhere in any object never shows it', () => {
    const { log, lines } = capture();
    const words = fc.oneof(fc.constant(CANARY), fc.constant(`to +${CANARY}!`), fc.string());
    fc.assert(
      fc.property(
        fc.object({ values: [words, fc.integer(), fc.constant(new Error(CANARY))], maxDepth: 8 }),
        words,
        (facts, msg) => {
          log.trace(facts, msg);
          expect(lines.at(-1)).not.toContain(CANARY);
        },
      ),
      { seed: 60, numRuns: 500 },
    );
  });
});
