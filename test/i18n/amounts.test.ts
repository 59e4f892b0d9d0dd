import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createTranslators, LOCALES } from '../../bot/i18n/index.js';

const translators = createTranslators();
const en = translators.for('en', undefined);
const es = translators.for('es', undefined);
const ur = translators.for('ur', undefined);
const bare = (text: string) => text.replaceAll(/[\u2068\u2069]/g, '');

const KB = 1n << 10n;
const MB = 1n << 20n;
const GB = 1n << 30n;
const TB = 1n << 40n;

describe('bytes', () => {
  test.each([
    [0n, '0 MB'],
    [1n, '1 byte'],
    [1023n, '1,023 bytes'],
    [KB, '1 KB'],
    [100n * MB, '100 MB'],
    [GB - 1n, '1,023 MB'],
    [GB, '1 GB'],
    [GB + GB / 2n, '1.5 GB'],
    [2n * GB - 1n, '1.9 GB'],
    [10n * GB - 1n, '9.9 GB'],
    [10n * GB + GB / 2n, '10 GB'],
    [TB, '1 TB'],
    [2n ** 63n - 2n, '8,388,607 TB'],
    [-GB, '-1 GB'],
  ])('%s are %s', (bytes, expected) => {
    expect(en.amount('bytes', bytes)).toBe(expected);
  });

  test('never promise more than there is, and lose less than a tenth of what is said', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 63n }), (bytes) => {
        const said = read(en.amount('bytes', bytes));
        expect(said <= bytes).toBe(true);
        expect((bytes - said) * 10n < bytes * 2n).toBe(true);
      }),
    );
  });

  test('more bytes are never said to be less', () => {
    const bytes = fc.bigInt({ min: 0n, max: 2n ** 45n });
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        const [less, more] = a < b ? [a, b] : [b, a];
        expect(read(en.amount('bytes', less)) <= read(en.amount('bytes', more))).toBe(true);
      }),
    );
  });

  test('are never said to be 1,024 of a unit that has a next one', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 1024n * TB - 1n }), (bytes) => {
        expect(en.amount('bytes', bytes)).not.toMatch(/^1,?024/);
      }),
    );
  });

  /** Bytes as the subscriber would understand what is said, in tenths of a unit times the unit, rounded down. */
  function read(text: string): bigint {
    const [number = '', unit = ''] = text.replaceAll(',', '').split(' ');
    const [whole = '0', tenth = '0'] = number.split('.');
    const size = { KB, MB, GB, TB }[unit] ?? 1n;
    return ((BigInt(whole) * 10n + BigInt(tenth)) * size) / 10n;
  }
});

describe('other amounts', () => {
  test('are said in the units people use', () => {
    expect(en.amount('voice-minutes', 90n)).toBe('90 min');
    expect(en.amount('data-minutes', 45n)).toBe('45 min');
    expect(en.amount('data-minutes', 90n)).toBe('1 h 30 min');
    expect(en.amount('data-minutes', 120n)).toBe('2 h');
    expect(en.amount('sms', 1n)).toBe('1 SMS');
    expect(en.amount('sms', 12_000n)).toBe('12,000 SMS');
    expect(bare(ur.amount('data-minutes', 90n))).toBe('1 گھنٹہ 30 منٹ');
  });

  test('without an end are called so', () => {
    expect([en, es, ur].map((t) => t.amount('bytes', 'unlimited'))).toEqual(['Unlimited', 'Ilimitado', 'لامحدود']);
  });

  test('in a unit the telco invented keep its word, cleaned', () => {
    expect(en.amount('stickers\u202e', 5n)).toBe('5 stickers');
  });
});

describe('a gauge', () => {
  test('says what is left of what there was', () => {
    const gauge = { unit: 'bytes', quota: GB, remaining: 100n * MB };
    expect(en.gauge(gauge)).toBe('100 MB of 1 GB left');
    expect(es.gauge(gauge)).toBe('Quedan 100 MB de 1 GB');
    expect(bare(ur.gauge(gauge))).toBe('1 GB میں سے 100 MB باقی');
  });

  test('is unlimited when either end is', () => {
    expect(en.gauge({ unit: 'bytes', quota: 'unlimited', remaining: 5n })).toBe('Unlimited');
    expect(en.gauge({ unit: 'sms', quota: 5n, remaining: 'unlimited' })).toBe('Unlimited');
  });

  test('says only what is left where the quota makes no sense', () => {
    expect(en.gauge({ unit: 'bytes', quota: 0n, remaining: GB })).toBe('1 GB left');
    expect(en.gauge({ unit: 'bytes', quota: GB, remaining: 2n * GB })).toBe('2 GB left');
  });

  test('never goes below nothing', () => {
    expect(en.gauge({ unit: 'bytes', quota: GB, remaining: -5n })).toBe('0 MB of 1 GB left');
  });
});

describe('what an offer gives', () => {
  test('is its parts, added up', () => {
    const quotas = [
      { unit: 'bytes', amount: 10n * GB },
      { unit: 'voice-minutes', amount: 100n },
      { unit: 'sms', amount: 'unlimited' as const },
    ];
    expect(en.quotas(quotas)).toBe('10 GB + 100 min + Unlimited SMS');
    expect(es.quotas(quotas)).toBe('10 GB + 100 min + SMS ilimitados');
    expect(bare(ur.quotas(quotas))).toBe('10 GB + 100 منٹ + لامحدود SMS');
  });

  test('tells surfing time from talking time', () => {
    expect(en.quotas([{ unit: 'data-minutes', amount: 60n }])).toBe('1 h of internet');
  });

  test('is nothing when the telco says nothing', () => {
    expect(en.quotas([])).toBe('');
  });
});

describe('a duration', () => {
  test.each([
    [0, '0 seconds'],
    [59, '59 seconds'],
    [60, '1 minute'],
    [3_600, '1 hour'],
    [5_400, '1 hour 30 minutes'],
    [43_200, '12 hours'],
    [86_400, '1 day'],
    [129_600, '36 hours'],
    [604_800, '7 days'],
    [2_592_000, '30 days'],
    [356_400, '4 days 3 hours'],
    [-5, '0 seconds'],
    [Number.NaN, '0 seconds'],
    [Number.POSITIVE_INFINITY, '0 seconds'],
  ])('of %s seconds is %s', (seconds, expected) => {
    expect(en.duration(seconds)).toBe(expected);
  });
});

test('anything a telco can count is said in every language', () => {
  const amount = fc.oneof(fc.bigInt(), fc.constant('unlimited' as const));
  const unit = fc.oneof(
    fc.constantFrom('bytes', 'data-minutes', 'voice-minutes', 'sms'),
    fc.string({ unit: 'binary' }),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...LOCALES),
      unit,
      amount,
      amount,
      fc.double(),
      (locale, name, quota, remaining, seconds) => {
        const t = translators.for(locale, undefined);
        const said = [
          t.amount(name, quota),
          t.gauge({ unit: name, quota, remaining }),
          t.quotas([{ unit: name, amount: quota }]),
        ];
        for (const words of [...said, t.duration(seconds)]) expect(words.length).toBeGreaterThan(0);
      },
    ),
  );
});
