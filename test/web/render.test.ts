import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LIMITS, render } from '../../adapters/web/render.js';
import type { Localized } from '../../bot/i18n/localized.js';
import type { Block, Message } from '../../bot/message/message.js';

const say = (text: string) => text as Localized;
const withBlocks = (...blocks: Block[]): Message => ({ language: 'en', direction: 'ltr', blocks, actions: [] });
const blocksOf = (...blocks: Block[]) => render(withBlocks(...blocks), 'id', 0).blocks;

describe('rendering for the page', () => {
  test('keeps an ordinary message as it is', () => {
    const message: Message = {
      language: 'ur',
      direction: 'rtl',
      blocks: [
        { type: 'heading', text: say('آپ کا بیلنس') },
        { type: 'text', text: say('کم ڈیٹا'), tone: 'warning' },
        { type: 'gauge', label: say('Internet'), share: 0.1, level: 'low', caption: say('100 MB of 1 GB left') },
        { type: 'facts', facts: [{ label: say('Price'), value: say('RM 5.00') }] },
        {
          type: 'offers',
          offers: [{ title: say('Weekly'), price: say('RM 5'), facts: [], badge: say('Loan'), action: 0 }],
        },
        { type: 'link', url: 'https://example.org/terms', label: say('Terms') },
        { type: 'image', url: '/logo.svg', alt: say('Logo') },
      ],
      actions: [{ token: 't1', label: say('Buy'), style: 'primary' }],
    };
    expect(render(message, 'out-1', 1000)).toEqual({ id: 'out-1', at: 1000, ...message });
    const asking: Message = { ...message, asksNumber: true };
    expect(render(asking, 'out-1', 1000, 'purchase:1')).toEqual({
      id: 'out-1',
      at: 1000,
      ...asking,
      key: 'purchase:1',
    });
  });

  test.each(['javascript:alert(1)', 'data:text/html,x', '//evil.example', '/\\evil.example', 'https://', 'ftp://x/y'])(
    'leaves out a link to %s',
    (url) => {
      expect(blocksOf({ type: 'link', url, label: say('x') }, { type: 'image', url, alt: say('x') })).toEqual([]);
    },
  );

  test('an offer whose action was cut off cannot be pressed', () => {
    const card = { title: say('A'), price: say('1'), facts: [], action: 3 };
    expect(blocksOf({ type: 'offers', offers: [card] })).toEqual([
      { type: 'offers', offers: [{ title: 'A', price: '1', facts: [] }] },
    ]);
  });

  test.each([
    [Number.NaN, 0],
    [-1, 0],
    [7, 1],
    [0.25, 0.25],
  ])('a share of %d is drawn as %d', (share, drawn) => {
    const gauge = { type: 'gauge', label: say('x'), share, level: 'good', caption: say('x') } as const;
    expect(blocksOf(gauge)).toEqual([{ ...gauge, share: drawn }]);
  });

  test('whatever is said, texts and counts stay within the limits and no character is cut in half', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 200 }).map((piece) => say(piece.repeat(60)));
    const actions = fc.array(
      fc.record({ token: fc.constant('t'), label: text, style: fc.constant('default' as const) }),
      { maxLength: 70 },
    );
    const blocks = fc.array(fc.record({ type: fc.constant('text' as const), text }), { maxLength: 70 });
    fc.assert(
      fc.property(blocks, actions, (someBlocks, someActions) => {
        const drawn = render({ language: 'en', direction: 'ltr', blocks: someBlocks, actions: someActions }, 'id', 0);
        expect(drawn.blocks.length).toBe(Math.min(someBlocks.length, LIMITS.blocks));
        expect(drawn.actions.length).toBe(Math.min(someActions.length, LIMITS.actions));
        for (const { label } of drawn.actions) {
          expect(label.length).toBeLessThanOrEqual(LIMITS.label);
          expect(Buffer.from(label).toString()).toBe(label);
        }
        for (const block of drawn.blocks) expect('text' in block && block.text.length).toBeLessThanOrEqual(LIMITS.text);
      }),
      { numRuns: 50 },
    );
  });
});
