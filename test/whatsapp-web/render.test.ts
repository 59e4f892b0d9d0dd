import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { literal, oneLine } from '../../adapters/whatsapp/text.js';
import { MAX_TEXT, render } from '../../adapters/whatsapp/web/render.js';
import { clip } from '../../bot/message/clip.js';
import { arbitraryMessage } from '../support/arbitrary-message.js';

describe('any message as a WhatsApp text', () => {
  test('keeps within what WhatsApp takes, numbers every action, and loses no price', () => {
    fc.assert(
      fc.property(arbitraryMessage(), (message) => {
        const text = render(message, 'Reply with a number.');
        expect(text.length).toBeLessThanOrEqual(MAX_TEXT);
        expect(text.endsWith('_Reply with a number._')).toBe(message.actions.length > 0);
        const shortened = text.includes('\n…');
        if (shortened) return;
        for (const index of message.actions.keys()) expect(text).toContain(`${index + 1}. `);
        const offers = message.blocks.flatMap((block) => (block.type === 'offers' ? block.offers : []));
        for (const { price } of offers) expect(text).toContain(literal(clip(oneLine(price), 100)));
      }),
      { numRuns: 100 },
    );
  });
});
