import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readPurchaseAnswer } from '../../adapters/millom/errors.js';
import { REFUSALS, refusalOf, stateAfterErrorType, stateAfterRefusal } from '../../bot/domain/refusal.js';
import { en } from '../../bot/i18n/en.js';
import { es } from '../../bot/i18n/es.js';
import { ur } from '../../bot/i18n/ur.js';
import { TelcoRefused } from '../../bot/telco.js';
import { ORDER } from './far-end.js';
import { loadSpec } from './spec.js';

const upsell = loadSpec('upsell.yaml');
const callback = loadSpec('purchase-callback.yaml');
const describeWithSpec = upsell && callback ? describe : describe.skip;
const reason = upsell && callback ? '' : ' (skipped: ../shared/specs/millom is not beside this repository)';

const causes = upsell?.find('GET', '/std/a/b/c/balance')?.responseSchema('default').properties?.cause?.enum ?? [];
const errorTypes = callback?.find('POST', '/callback/v1/digi/')?.requestSchema().properties?.errorType?.enum ?? [];

describeWithSpec(`every word of Millom's files has a row${reason}`, () => {
  test('the ten causes of a refused order, each by a reason of its own', () => {
    expect(causes).toHaveLength(10);
    const reasons = causes.map((cause) => {
      const answer = { status: 400, headers: {}, body: JSON.stringify({ cause }) };
      try {
        readPurchaseAnswer(answer as never, ORDER, false, 0);
      } catch (error) {
        return error instanceof TelcoRefused ? error.reason : undefined;
      }
      return undefined;
    });
    expect(new Set(reasons).size).toBe(10);
    for (const found of reasons) expect(Object.keys(REFUSALS)).toContain(found);
  });

  test('the 28 error types of the callback, and no row that no file has', () => {
    expect(errorTypes).toHaveLength(28);
    const rows = Object.keys(REFUSALS).filter((row) => row === row.toUpperCase());
    expect(rows.sort()).toEqual([...errorTypes].sort());
  });
});

describe('whether money moved', () => {
  test.each([
    'TIMEOUT',
    'PARSING_ERROR',
    'INTERNAL_ERROR',
    'FAILURE_IN_BU',
    'PURCHASE_IN_PROGRESS',
    'PURCHASE_ALREADY_EXECUTED',
    'KEY_NOT_FOUND',
    'SHUTTING_DOWN',
    'DUPLICATED_CALLBACK',
  ])('%s does not say', (errorType) => expect(stateAfterErrorType(errorType)).toBe('unknown'));

  test('all other error types say that it did not', () => {
    const definite = Object.keys(REFUSALS).filter((row) => stateAfterErrorType(row) === 'failed');
    expect(definite).toHaveLength(19);
    expect(definite).toEqual(expect.arrayContaining(['INSUFFICIENT_FUNDS', 'CONFLICT', 'PIN_ENTRY_ERROR', 'BAD_CPID']));
  });

  test('an answer that gives no cause leaves it open, any other refusal does not', () => {
    expect(stateAfterRefusal('unspecified')).toBe('unknown');
    expect(stateAfterRefusal('conflict')).toBe('failed');
    expect(stateAfterRefusal('insufficient-funds')).toBe('failed');
  });

  test('a status, another case, a made-up word, a name of every object: never "failed", never an exception', () => {
    const words = fc.oneof(
      fc.string(),
      fc.integer({ min: 100, max: 599 }).map(String),
      fc.constantFrom('roaming', 'Roaming', 'conflict', 'unreachable', ' CONFLICT', '__proto__', 'constructor', ''),
    );
    fc.assert(
      fc.property(words, (word) => {
        fc.pre(stateAfterErrorType(word) !== 'failed' || !Object.hasOwn(REFUSALS, word));
        expect(stateAfterErrorType(word)).toBe('unknown');
        expect(refusalOf(word).hear).toBeDefined();
      }),
      { seed: 5, numRuns: 2_000 },
    );
  });
});

describe('what is said', () => {
  test('every row has its words in every language, and at least one thing to do next', () => {
    for (const [row, { hear, again, ways }] of Object.entries(REFUSALS)) {
      expect({ row, ways: ways.length }).not.toEqual({ row, ways: 0 });
      // More than WhatsApp has buttons for would become a list.
      expect(ways.length).toBeLessThanOrEqual(3);
      for (const catalogue of [en, es, ur] as Record<string, string>[]) {
        expect(catalogue[`failure.${hear}`]).toBeDefined();
        if (again !== 'unsaid') expect(catalogue[`failure.again-${again}`]).toBeDefined();
      }
    }
  });
});
