import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createTranslators } from '../../bot/i18n/index.js';
import { quantity } from '../../console/src/i18n/format.js';
import { wordsFor } from '../../console/src/i18n/index.js';

describe('the panel beside the chat', () => {
  test('says as many bytes as the chat does', () => {
    const page = wordsFor('en');
    const chat = createTranslators().for('en', undefined);
    // Below a kilobyte the page says parts of one, from a terabyte on gigabytes.
    fc.assert(
      fc.property(fc.bigInt({ min: 1024n, max: 2n ** 40n - 1n }), (bytes) => {
        expect(quantity(page, 'bytes', String(bytes))).toBe(chat.amount('bytes', bytes));
      }),
    );
  });
});
