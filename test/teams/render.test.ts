import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MAX_BYTES, render, renderText } from '../../adapters/teams/render.js';
import { clip } from '../../bot/message/clip.js';
import { normalise } from '../../bot/message/match.js';
import type { Block, Message } from '../../bot/message/message.js';
import { arbitraryMessage } from '../support/arbitrary-message.js';
import { parserErrors } from './card-parser.js';
import { buttonsOf, cardProblems, parts, wordsOf } from './card-rules.js';
import { schemaErrors } from './card-schema.js';
import { say, textMessage } from './house.js';

const ENVELOPE = { from: { id: '28:bot', name: '' }, recipient: { id: '29:user', name: '' } };
const draw = (message: Message) => JSON.parse(render(message, ENVELOPE));
const cardOf = (message: Message) => draw(message).attachments[0].content;
const withBlocks = (...blocks: Block[]) => textMessage('', { blocks, actions: [] });
const offer = { title: say('Super 10 GB'), price: say('RM 5.00'), facts: [], action: 0 };
const action = (label: string, n = 0) => ({
  token: `offers~AbCd12~${n}`,
  label: say(label),
  style: 'default' as const,
});

describe('a card', () => {
  test('draws every block in order, with a button on each offer and the rest below', () => {
    const message: Message = {
      language: 'en',
      direction: 'ltr',
      blocks: [
        { type: 'heading', text: say('Your balance') },
        { type: 'text', text: say('Running low'), tone: 'warning' },
        { type: 'facts', facts: [{ label: say('Credit'), value: say('RM 12.50') }] },
        { type: 'gauge', label: say('Internet'), share: 0.1, level: 'low', caption: say('100 MB of 1 GB left') },
        {
          type: 'offers',
          offers: [
            {
              ...offer,
              description: say('For a week'),
              facts: [{ label: say('Valid'), value: say('7 days') }],
              badge: say('Best'),
            },
          ],
        },
        { type: 'image', url: 'https://telco.example/a.png', alt: say('A chart') },
        { type: 'link', url: 'https://telco.example/terms', label: say('Terms') },
      ],
      actions: [action('Buy'), action('Help', 1)],
    };
    const card = cardOf(message);
    expect(wordsOf(card)).toEqual([
      'Your balance',
      'Running low',
      'Credit',
      'RM 12.50',
      'Internet',
      '100 MB of 1 GB left',
      'Best',
      'Super 10 GB',
      'RM 5.00',
      'For a week',
      'Valid',
      '7 days',
      'Buy',
      'A chart',
      'Terms',
      'Help',
    ]);
    expect(card).toMatchObject({ type: 'AdaptiveCard', version: '1.5', lang: 'en' });
    expect(card.fallbackText).toContain('1. Super 10 GB – RM 5.00 (Buy)');
    expect(card.speak).toContain('Internet: 100 MB of 1 GB left');
    expect(draw(message).summary).toBe('Your balance');
    expect(buttonsOf(card).map(({ title, data }) => [title, data.refill])).toEqual([
      ['Buy', { kind: 'press', token: 'offers~AbCd12~0' }],
      ['Help', { kind: 'press', token: 'offers~AbCd12~1' }],
    ]);
  });

  test('shows a gauge as two columns whose widths add up, and none of no width', () => {
    const widths = (share: number, level: 'good' | 'unlimited' | 'empty') => {
      const card = cardOf(withBlocks({ type: 'gauge', label: say('x'), caption: say('y'), share, level }));
      return parts(card).flatMap(({ type, width }) => (type === 'Column' ? [width] : []));
    };
    expect(widths(0.25, 'good')).toEqual([25, 75]);
    expect(widths(0.001, 'good')).toEqual([1, 99]);
    expect(widths(0.999, 'good')).toEqual([99, 1]);
    expect(widths(1, 'good')).toEqual([100]);
    expect(widths(0, 'empty')).toEqual([100]);
    expect(widths(0, 'unlimited')).toEqual([100]);
    expect(widths(Number.NaN, 'good')).toEqual([100]);
  });

  test('reads from right to left where the language does', () => {
    expect(cardOf(textMessage('بیلنس', { language: 'ur', direction: 'rtl' }))).toMatchObject({ lang: 'ur', rtl: true });
    expect(cardOf(textMessage())).not.toHaveProperty('rtl');
  });

  test('asks what a form asks, and only its own button sends the answers', () => {
    const card = cardOf(
      textMessage('Top up', {
        form: {
          token: 'top-up~x~form',
          title: say('Top up'),
          open: say('Open'),
          submit: say('Send'),
          fields: [
            { name: 'voucher', kind: 'text', label: say('Voucher') },
            { name: 'number', kind: 'phone', label: say('Number') },
          ],
        },
      }),
    );
    const inputs = parts(card).filter(({ type }) => type === 'Input.Text');
    expect(inputs.map(({ id, label, style }) => [id, label, style])).toEqual([
      ['field_voucher', 'Voucher', 'text'],
      ['field_number', 'Number', 'tel'],
    ]);
    const sends = parts(card).filter(({ type }) => type === 'Action.Execute');
    expect(sends.map(({ title, associatedInputs }) => [title, associatedInputs])).toEqual([
      ['Send', undefined],
      ['See offers', 'none'],
    ]);
  });

  test('breaks many buttons into rows of six', () => {
    const card = cardOf(
      textMessage('Choose', { actions: Array.from({ length: 20 }, (_, n) => action(`Plan ${n}`, n)) }),
    );
    const sets = parts(card).filter(({ type }) => type === 'ActionSet');
    expect(sets.map(({ actions }) => (actions as unknown[]).length)).toEqual([6, 6, 6, 2]);
  });

  test.each([
    'javascript:alert(1)',
    'data:image/png;base64,AAAA',
    'file:///etc/passwd',
    '//evil.example',
    'http://intranet/x.png',
  ])('draws no image from %s, and says what it shows', (url) => {
    expect(wordsOf(cardOf(withBlocks({ type: 'image', url, alt: say('A chart') })))).toEqual(['A chart']);
  });

  test.each(['javascript:alert(1)', 'ms-settings:', 'file:///etc/passwd'])('opens nothing at %s', (url) => {
    const card = cardOf(withBlocks({ type: 'link', url, label: say('Terms') }));
    expect(parts(card).filter(({ type }) => type === 'Action.OpenUrl')).toEqual([]);
  });
});

describe('names are literal', () => {
  const hostile = [
    '*Super* _10_ GB',
    '**Free**',
    '[10 GB](https://evil.example)',
    '<at>everyone</at> 10 GB',
    '<script>alert(1)</script>',
    '# Huge',
    '1. First',
    '- item',
    '`code`',
    '~~gone~~',
    '&lt;b&gt;',
    '\\*both\\*',
    'https://evil.example',
    '{{DATE(2017-02-14T06:08:39Z,SHORT)}}',
  ];
  const markdown = (element: Readonly<Record<string, unknown>>) =>
    ['TextBlock', 'FactSet'].includes(String(element['type']));

  test.each(hostile)('%s never reaches a Markdown processor', (name) => {
    const card = cardOf({
      ...textMessage(name),
      blocks: [
        { type: 'heading', text: say(name) },
        { type: 'text', text: say(name) },
        { type: 'facts', facts: [{ label: say(name), value: say('x') }] },
        { type: 'facts', facts: [{ label: say('x'), value: say(name) }] },
        { type: 'gauge', label: say(name), caption: say(name), share: 0.5, level: 'good' },
        {
          type: 'offers',
          offers: [{ ...offer, title: say(name), price: say(name), badge: say(name), description: say(name) }],
        },
      ],
    });
    const shown = name.replaceAll('{{', '{\u2060{');
    expect(
      parts(card)
        .filter(markdown)
        .map((element) => JSON.stringify(element))
        .join(),
    ).not.toContain(name);
    expect(wordsOf(card).filter((word) => word.trim() === shown)).toHaveLength(10);
  });

  test('ordinary names and prices are ordinary text', () => {
    for (const name of [
      'Super 10 GB',
      'RM 5.00',
      'Unlimited + 100 min',
      'Hotlink (7 days)',
      'سپر 10 GB',
      '€ 4,99 – 30 days',
      '1.5 GB',
    ]) {
      expect(cardOf(withBlocks({ type: 'text', text: say(name) })).body).toMatchObject([
        { type: 'TextBlock', text: name },
      ]);
    }
  });

  test('every line of a text is kept, as a line', () => {
    expect(wordsOf(cardOf(withBlocks({ type: 'text', text: say('one\n\ntwo\n*three*') })))).toEqual([
      'one',
      'two',
      '*three*',
    ]);
  });
});

describe('what cards are checked with', () => {
  const button = { type: 'Action.Execute', title: 'x', fallback: { type: 'Action.Submit', title: 'x' } };
  const problems = (...body: object[]) =>
    cardProblems(
      {
        type: 'message',
        attachments: [
          {
            contentType: 'application/vnd.microsoft.card.adaptive',
            content: { type: 'AdaptiveCard', version: '1.5', fallbackText: 'x', body },
          },
        ],
      },
      '{}',
    ).join();

  test('finds nothing wrong with a plain card', () => {
    expect(problems({ type: 'TextBlock', text: 'x', wrap: true }, { type: 'ActionSet', actions: [button] })).toBe('');
  });

  test.each<[string, object]>([
    ['an element nobody knows', { type: 'TextBlok', text: 'x' }],
    ['a color that is none', { type: 'TextBlock', text: 'x', wrap: true, color: 'pink' }],
    ['a column of no width', { type: 'ColumnSet', columns: [{ type: 'Column', width: 'wide', items: [] }] }],
    ['an input without an id', { type: 'Input.Text', label: 'x' }],
    ['a link that leads nowhere', { type: 'ActionSet', actions: [{ type: 'Action.OpenUrl', title: 'x' }] }],
    ['an action nobody knows', { type: 'ActionSet', actions: [{ type: 'Action.Buy', title: 'x' }] }],
  ])('finds %s', (_, element) => {
    expect(parserErrors({ type: 'AdaptiveCard', version: '1.5', body: [element] })).not.toEqual([]);
    expect(problems(element)).not.toBe('');
  });
});

describe('a message too large', () => {
  const long = (length: number) => say('word '.repeat(length / 5));
  const plans = (count: number, description: number) =>
    Array.from({ length: count }, (_, n) => ({
      title: say(`Plan ${n} of many`),
      price: say(`RM ${n}.00`),
      description: long(description),
      facts: [],
      action: n,
    }));
  const of = (count: number, description: number, ...more: Block[]): Message => ({
    ...textMessage(),
    blocks: [...more, { type: 'offers', offers: plans(count, description) }],
    actions: plans(count, 0).map((_, n) => action(`Buy ${n}`, n)),
  });
  const units = (message: Message) => render(message, ENVELOPE).length * 2;

  test('first loses what offers say about themselves', () => {
    const card = cardOf(of(20, 4_000));
    expect(wordsOf(card)).toEqual(expect.arrayContaining(['Plan 19 of many', 'RM 19.00', 'Buy 19']));
    expect(JSON.stringify(card)).not.toContain('word word');
    expect(buttonsOf(card)).toHaveLength(20);
  });

  test('then writes offers as numbered lines, by which they can be asked for', () => {
    const crowd = Array.from(
      { length: 80 },
      (_, n): Block => ({ type: 'heading', text: say(`${n} `.padEnd(290, 'x')) }),
    );
    const card = cardOf(of(30, 4_000, ...crowd));
    expect(wordsOf(card)).toContain('30. Plan 29 of many – RM 29.00 (Buy 29)');
    expect(buttonsOf(card)).toEqual([]);
  });

  test('at last is plain text, with every name, price and number', () => {
    const crowd = Array.from({ length: 150 }, (_, n): Block => ({ type: 'text', text: long(8_000 - n) }));
    const { text, textFormat, attachments } = draw(of(30, 4_000, ...crowd));
    expect(attachments).toBeUndefined();
    expect(textFormat).toBe('plain');
    expect(text).toContain('30. Plan 29 of many – RM 29.00 (Buy 29)');
  });

  describe('keeps names and prices whole as long as any message holds them', () => {
    const name = (n: number) => `Plan ${n} ${'of a very long name '.repeat(17)}end`;
    const price = (n: number) => `RM ${n}.00 ${'for the first of many months '.repeat(4)}end`;
    const offers = (count: number) => {
      const all = Array.from({ length: count }, (_, n) => ({ ...offer, title: say(name(n)), price: say(price(n)) }));
      return all.map((one, n) => ({ ...one, description: long(4_000), action: n }));
    };
    const shop = (count: number, texts: number): Message => ({
      ...textMessage(),
      blocks: [
        ...Array.from({ length: texts }, (): Block => ({ type: 'text', text: long(10_000) })),
        { type: 'heading', text: say(name(0)) },
        { type: 'offers', offers: offers(count) },
      ],
      actions: Array.from({ length: count }, (_, n) => action(`Buy ${name(n)} for ${price(n)}`, n)),
    });
    const shownOf = (message: Message) => {
      const { text = '', attachments = [] } = draw(message);
      return squeeze([text, ...wordsOf(attachments)].join('\n'));
    };

    test.each([
      ['an ordinary message', 3, 0],
      ['a long one', 3, 30],
      ['as plain text', 20, 100],
    ])('%s', (_, count, texts) => {
      const shown = shownOf(shop(count, texts));
      for (const { title, price: cost } of offers(count)) {
        expect(shown).toContain(squeeze(title));
        expect(shown).toContain(squeeze(cost));
      }
    });

    test('where none does, names go before prices', () => {
      const shown = shownOf(shop(60, 0));
      expect(shown).not.toContain(squeeze(name(1)));
      for (const { price: cost } of offers(60)) expect(shown).toContain(squeeze(cost));
    });
  });

  test('is never larger than 80 KB in UTF-16', () => {
    expect(
      units(of(30, 10_000, ...Array.from({ length: 2_000 }, (): Block => ({ type: 'text', text: long(10_000) })))),
    ).toBeLessThanOrEqual(MAX_BYTES);
  });
});

/** The part of a text that no step may cut away, not even the last: all of an ordinary one. */
function heart(text: string): string {
  const kept = text.length <= 40 ? text : clip(text, 36).replace(/…\u2069*$/, '');
  return squeeze(kept);
}

function squeeze(text: string): string {
  return text.replaceAll(/[\s\u2060]+/g, '');
}

const noSchema = schemaErrors
  ? ''
  : ' (without Microsoft’s schema: ../shared/specs/adaptive-cards is not beside this repository)';

describe(`whatever a message says${noSchema}`, () => {
  const lost = (message: Message, json: string) => {
    const { text = '', attachments = [] } = JSON.parse(json);
    const shown = squeeze([text, ...wordsOf(attachments)].join('\n'));
    const tokens = new Set(buttonsOf(attachments).map(({ data }) => data.refill.token));
    const names = message.blocks.flatMap((block) =>
      block.type === 'offers' ? block.offers.flatMap(({ title, price }) => [title, price]) : [],
    );
    const titles = new Set(names.map(normalise));
    // All of each, as long as they cannot be what makes the message too large.
    const few = JSON.stringify([message.blocks.filter(({ type }) => type !== 'text'), message.actions]).length < 10_000;
    const missing = names.filter((name) => !shown.includes(few ? squeeze(name) : heart(name)));
    const unreachable = message.actions.filter(({ token, label }, index) => {
      // A card's line leaves the button's words out where the title says the same.
      const said = shown.includes(heart(label)) || titles.has(normalise(label));
      return !tokens.has(token) && !(shown.includes(`${index + 1}.`) && said);
    });
    return { missing, unreachable };
  };
  const nothing = { missing: [], unreachable: [] };

  test('it is drawn within every limit of Teams, and no price, plan or action is lost', () => {
    fc.assert(
      fc.property(arbitraryMessage(), (message) => {
        const json = render(message, ENVELOPE);
        expect(cardProblems(JSON.parse(json), json)).toEqual([]);
        expect(lost(message, json)).toEqual(nothing);
      }),
      { numRuns: 300 },
    );
  });

  test('the same in plain text', () => {
    fc.assert(
      fc.property(arbitraryMessage(), (message) => {
        const json = renderText(message, ENVELOPE);
        expect(cardProblems(JSON.parse(json), json).filter((problem) => problem !== 'neither text nor card')).toEqual(
          [],
        );
        expect(lost(message, json)).toEqual(nothing);
      }),
      { numRuns: 150 },
    );
  });
});
