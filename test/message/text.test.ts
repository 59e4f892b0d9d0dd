import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createTranslators } from '../../bot/i18n/index.js';
import type { Action, Block, Message, OfferCard } from '../../bot/message/message.js';
import { gaugeBar, toText } from '../../bot/message/text.js';

const t = createTranslators().for('en', undefined);
const say = (words: string) => t.literal(words);
const action = (label: Action['label']): Action => ({ token: 'token', label, style: 'default' });
const message = (blocks: Block[], actions: Action[]): Message => ({
  language: 'en',
  direction: 'ltr',
  blocks,
  actions,
});

describe('a message as plain text', () => {
  test('says everything in order, and numbers what can be chosen', () => {
    const whole = message(
      [
        { type: 'heading', text: say('What you have left') },
        { type: 'gauge', label: say('Super 1 GB'), share: 0.3066, level: 'good', caption: say('314 MB of 1 GB left') },
        { type: 'facts', facts: [{ label: say('Money'), value: say('RM 12.50') }] },
        { type: 'text', text: say('Take care.'), tone: 'hint' },
        { type: 'image', url: 'https://example.com/a.png', alt: say('a chart') },
        { type: 'link', url: 'https://example.com', label: say('More') },
      ],
      [action(say('See offers')), action(say('Settings'))],
    );
    expect(toText(whole)).toBe(
      [
        'What you have left',
        'Super 1 GB\n▓▓▓░░░░░░░ 30%\n314 MB of 1 GB left',
        'Money: RM 12.50',
        'Take care.',
        'a chart',
        'More: https://example.com',
        '1. See offers\n2. Settings',
      ].join('\n\n'),
    );
  });

  test('gives an offer the number that picks it', () => {
    const card = (title: string, price: string, index?: number): OfferCard => ({
      title: say(title),
      price: say(price),
      facts: [{ label: say('You get'), value: say('10 GB') }],
      ...(index !== undefined && { action: index }),
    });
    const offers: Block = {
      type: 'offers',
      offers: [{ ...card('Super', 'RM 5', 0), badge: say('Loan') }, card('Mega', 'RM 9', 1), card('Free', 'no price')],
    };
    const actions = [say('Super'), say('Buy for RM 9'), say('Back')].map(action);
    expect(toText(message([offers], actions))).toBe(
      [
        '1. Super – RM 5\nLoan\nYou get: 10 GB',
        '2. Mega – RM 9 (Buy for RM 9)\nYou get: 10 GB',
        'Free – no price\nYou get: 10 GB',
        '3. Back',
      ].join('\n\n'),
    );
  });

  test('loses no name, no price and no action', () => {
    const words = fc.stringMatching(/^[A-Za-z]{1,12}( [A-Za-z0-9]{1,8}){0,3}$/).map(say);
    const cards = fc.array(fc.tuple(words, words, fc.option(fc.nat({ max: 8 }))), { maxLength: 6 });
    fc.assert(
      fc.property(cards, fc.array(words, { maxLength: 6 }), (drawn, labels) => {
        const offers = drawn.map(([title, price, index]) => ({
          title,
          price,
          facts: [],
          ...(index !== null && { action: index }),
        }));
        const actions = labels.map(action);
        const plain = toText(message([{ type: 'offers', offers }], actions));
        for (const { title, price } of offers) expect(plain).toContain(`${title} – ${price}`);
        labels.forEach((label, index) => {
          expect(plain).toMatch(new RegExp(`^${index + 1}\\. `, 'm'));
          expect(plain.toLowerCase()).toContain(label.toLowerCase());
        });
      }),
    );
  });
});

describe('a gauge as text', () => {
  test.each([
    [0, 'empty', '░░░░░░░░░░ 0%'],
    [0.0001, 'low', '▓░░░░░░░░░ 1%'],
    [0.5, 'good', '▓▓▓▓▓░░░░░ 50%'],
    [0.9999, 'good', '▓▓▓▓▓▓▓▓▓░ 99%'],
    [1, 'good', '▓▓▓▓▓▓▓▓▓▓ 100%'],
    [1, 'unlimited', '▓▓▓▓▓▓▓▓▓▓'],
    [Number.NaN, 'empty', '░░░░░░░░░░ 0%'],
  ] as const)('%s (%s) is %s', (share, level, expected) => {
    expect(gaugeBar(share, level)).toBe(expected);
  });
});
