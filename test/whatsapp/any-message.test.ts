import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Content, LIMITS, render } from '../../adapters/whatsapp/render.js';
import { literal } from '../../adapters/whatsapp/text.js';
import type { Localized } from '../../bot/i18n/localized.js';
import { clip } from '../../bot/message/clip.js';
import type { Message, OfferCard } from '../../bot/message/message.js';
import { arbitraryMessage } from '../support/arbitrary-message.js';
import { contentProblems } from './limits.js';

const WORDS = { choose: 'Choose', offers: 'Offers', more: 'More' };
const say = (text: string) => text as Localized;

describe('any message at all', () => {
  const RUNS = { numRuns: 300 };

  test('is within every limit of the platform', () => {
    fc.assert(
      fc.property(arbitraryMessage(), fc.boolean(), fc.boolean(), (any, media, knowsNumber) => {
        const content = render(any, WORDS, { media, knowsNumber });
        if (content !== undefined) expect(contentProblems(content)).toEqual([]);
      }),
      RUNS,
    );
  });

  test('keeps every choice: as a button, as a row, or as a number in the body', () => {
    fc.assert(
      fc.property(fewOffers(), fc.boolean(), (any, knowsNumber) => {
        const content = render(any, WORDS, { knowsNumber });
        if (content === undefined) return expect(any.actions).toEqual([]);
        const shown = JSON.stringify(content);
        const body = bodyIn(content);
        any.actions.forEach(({ token }, index) => {
          expect(shown.includes(JSON.stringify(token)) || numbered(body, index + 1)).toBe(true);
        });
      }),
      RUNS,
    );
  });

  test('keeps every name and price whole and together; a name is shortened only where names and choices alone are too long', () => {
    fc.assert(
      fc.property(crowded(), fc.boolean(), (any, knowsNumber) => {
        const body = bodyIn(render(any, WORDS, { knowsNumber }) ?? NOTHING);
        const lines = body.split('\n').map((line) => line.replace(/^(\*?)[\u200e\u200f]/, '$1'));
        const room = LIMITS.listBody - '\n…'.length;
        if (atLeast(any, SHORTEST) > room) return;
        const mayShorten = atLeast(any, Number.POSITIVE_INFINITY) > room;
        for (const { title, price, action: index } of offersIn(any)) {
          const name = literal(flat(title));
          const before = index === undefined ? '*' : `*${index + 1}. `;
          const after = `* – ${literal(flat(price))}`;
          const isShown = (shown: string) => lines.includes(before + shown + after);
          const whole = isShown(name);
          const shortened = () => lengths(SHORTEST, name.length).some((length) => isShown(clip(name, length)));
          expect({ name, price, body, kept: whole || (mayShorten && shortened()) }).toMatchObject({ kept: true });
        }
      }),
      RUNS,
    );
  });

  test('keeps the price in an offer’s row', () => {
    fc.assert(
      fc.property(fewOffers(), (any) => {
        const content = render(any, WORDS);
        if (content?.type !== 'interactive' || content.interactive.type !== 'list') return;
        const cards = offersIn(any);
        for (const row of content.interactive.action.sections.flatMap(({ rows }) => rows)) {
          const index = any.actions.findIndex(({ token }) => token === row.id);
          const mine = cards.findLast((one) => one.action === index);
          if (mine !== undefined) expect(row.description?.startsWith(flat(mine.price))).toBe(true);
        }
      }),
      RUNS,
    );
  });
});

function bodyIn(content: Content): string {
  if (content.type === 'text') return content.text.body;
  return content.type === 'image' ? (content.image.caption ?? '') : content.interactive.body.text;
}

const NOTHING: Content = { type: 'text', text: { body: '', preview_url: false } };

/** Words of choices, and names where they have to be, are not cut below this. */
const SHORTEST = 12;

/**
 * How long a body is, at most, of which nothing is left but the offers and what can be chosen beside them: each name cut to
 * `name` units, its price whole, and badges and the words of choices cut to the shortest.
 */
function atLeast(any: Message, name: number): number {
  const mark = 1;
  const line = (around: string, text: string, longest: number) =>
    '\n\n'.length + mark + around.length + Math.min(flat(text).length, longest);
  const cards = offersIn(any).flatMap(({ title, price, badge, action: index }) => [
    line(`*${Number(index) + 1}. * – ${flat(price)}`, title, name),
    ...(badge === undefined ? [] : [line('', badge, SHORTEST)]),
    ...(index === undefined ? [] : [line('()', any.actions[index]?.label ?? '', SHORTEST)]),
  ]);
  const choices = any.actions.map(({ label }, index) => line(`${index + 1}. `, label, SHORTEST));
  return [...cards, ...choices].reduce((sum, length) => sum + length, 0);
}

/** Messages whose names together are about as long as a body may be, and some that are much shorter. */
function crowded(): fc.Arbitrary<Message> {
  const filled = fc.tuple(fewOffers(), fc.integer({ min: 1000, max: 5000 })).map(([any, units]): Message => {
    const each = Math.ceil(units / Math.max(1, offersIn(any).length));
    const longer = (title: string) => say(Buffer.from(title.repeat(each).slice(0, each)).toString().trim() || 'x');
    return {
      ...any,
      blocks: any.blocks.map((block) =>
        block.type === 'offers'
          ? { ...block, offers: block.offers.map((offer) => ({ ...offer, title: longer(offer.title) })) }
          : block,
      ),
    };
  });
  return fc.oneof(fewOffers(), filled).filter((any) => offersIn(any).length > 0);
}

function lengths(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
}

/** As many offers as the model's own bound for one message: more than a body can hold are left out from the end. */
function fewOffers(): fc.Arbitrary<Message> {
  return arbitraryMessage().filter((any) => offersIn(any).length <= 30);
}

function offersIn({ blocks }: Message): OfferCard[] {
  return blocks.flatMap((block) => (block.type === 'offers' ? block.offers : []));
}

function flat(words: string): string {
  return words.replace(/\s+/g, ' ').trim();
}

function numbered(body: string, number: number): boolean {
  return new RegExp(`^\\*?[\\u200e\\u200f]?${number}\\. `, 'mu').test(body);
}
