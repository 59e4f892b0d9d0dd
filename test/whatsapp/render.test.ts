import { describe, expect, test } from '@jest/globals';
import { type Content, type Interactive, render } from '../../adapters/whatsapp/render.js';
import { literal } from '../../adapters/whatsapp/text.js';
import type { Localized } from '../../bot/i18n/localized.js';
import type { Action, Block, Message, OfferCard } from '../../bot/message/message.js';
import { contentProblems } from './limits.js';

const WORDS = { choose: 'Choose', offers: 'Offers', more: 'More' };
const say = (text: string) => text as Localized;
const action = (label: string, index = 0): Action => ({ token: `t~set~${index}`, label: say(label), style: 'default' });
const actions = (...labels: string[]) => labels.map(action);

function message(blocks: readonly Block[], choices: readonly Action[] = [], more: Partial<Message> = {}): Message {
  return { language: 'en', direction: 'ltr', blocks, actions: choices, ...more };
}

function draw(blocks: readonly Block[], choices: readonly Action[] = [], more: Partial<Message> = {}): Content {
  const content = render(message(blocks, choices, more), WORDS);
  if (content === undefined) throw new Error('nothing to say');
  expect(contentProblems(content)).toEqual([]);
  return content;
}

function bodyIn(content: Content): string {
  if (content.type === 'text') return content.text.body;
  return content.type === 'image' ? (content.image.caption ?? '') : content.interactive.body.text;
}

function interactive(content: Content): Interactive {
  if (content.type !== 'interactive') throw new Error(`it is ${content.type}`);
  return content.interactive;
}

function rowsIn(content: Content) {
  const drawn = interactive(content);
  if (drawn.type !== 'list') throw new Error(`it is ${drawn.type}`);
  return drawn.action.sections.flatMap(({ rows }) => rows);
}

const text = (words: string, tone?: 'hint' | 'warning' | 'success'): Block => ({
  type: 'text',
  text: say(words),
  ...(tone && { tone }),
});

const card = (title: string, price: string, index?: number, more: Partial<OfferCard> = {}): OfferCard => ({
  title: say(title),
  price: say(price),
  facts: [],
  ...(index !== undefined && { action: index }),
  ...more,
});

describe('what a message becomes', () => {
  test('words alone are a text', () => {
    expect(draw([text('All done.')])).toEqual({ type: 'text', text: { body: 'All done.', preview_url: false } });
  });

  test('up to three short choices are reply buttons, a heading and a last hint their header and footer', () => {
    const content = draw(
      [{ type: 'heading', text: say('Receipt') }, text('Enjoy!', 'success'), text('Nothing else was charged.', 'hint')],
      actions('My balance', 'See offers'),
    );
    expect(content).toEqual({
      type: 'interactive',
      interactive: {
        type: 'button',
        header: { type: 'text', text: 'Receipt' },
        body: { text: '✅ Enjoy!' },
        footer: { text: 'Nothing else was charged.' },
        action: {
          buttons: [
            { type: 'reply', reply: { id: 't~set~0', title: 'My balance' } },
            { type: 'reply', reply: { id: 't~set~1', title: 'See offers' } },
          ],
        },
      },
    });
  });

  test.each([
    ['four choices', actions('A', 'B', 'C', 'D')],
    ['a choice too long for a button', actions('A', 'Exactly twenty-one ch')],
    ['two choices with the same words', actions('Same', 'Same')],
  ])('%s make a list', (_what, choices) => {
    const content = draw([text('What now?')], choices);
    expect(interactive(content).type).toBe('list');
    expect(rowsIn(content).map(({ id }) => id)).toEqual(choices.map(({ token }) => token));
  });

  test('a body too long for buttons makes a list, whose body is longer', () => {
    expect(interactive(draw([text('x'.repeat(1024))], actions('A'))).type).toBe('button');
    const content = draw([text('x'.repeat(1025))], actions('A'));
    expect(interactive(content).type).toBe('list');
    expect(bodyIn(content)).toBe('x'.repeat(1025));
  });

  test('offers are rows with their price, their whole lines in the body, and the rest in a section of its own', () => {
    const content = draw(
      [
        text('Here is what you can buy:'),
        {
          type: 'offers',
          offers: [
            card('Super 10 GB', 'RM 5.00', 0, {
              description: say('For a week'),
              facts: [{ label: say('You get'), value: say('10 GB') }],
            }),
            card('A loan with a name that is long', 'RM 2.00', 1, { badge: say('Loan') }),
          ],
        },
      ],
      actions('Super 10 GB · RM 5.00', 'A loan with a name that is long · RM 2.00', 'My balance'),
    );
    const list = interactive(content);
    expect(list.action).toEqual({
      button: 'Choose',
      sections: [
        {
          title: 'Offers',
          rows: [
            { id: 't~set~0', title: 'Super 10 GB', description: 'RM 5.00 · 10 GB' },
            {
              id: 't~set~1',
              title: 'A loan with a name that…',
              description: 'RM 2.00 · Loan · A loan with a name that is long',
            },
          ],
        },
        { title: 'More', rows: [{ id: 't~set~2', title: 'My balance' }] },
      ],
    });
    expect(list.body.text).toBe(
      'Here is what you can buy:\n\n*1. Super 10 GB* – RM 5.00\nFor a week\n*You get:* 10 GB\n\n*2. A loan with a name that is long* – RM 2.00\nLoan',
    );
  });

  test('an offer whose choice says other words shows them where they can be typed', () => {
    const offers: Block = { type: 'offers', offers: [card('Super', 'RM 5', 0)] };
    const content = draw([offers], actions('Buy'));
    expect(rowsIn(content)).toEqual([{ id: 't~set~0', title: 'Buy', description: 'RM 5 · Super' }]);
    expect(bodyIn(content)).toBe('*1. Super* – RM 5\n(Buy)');
  });

  test('more than ten choices: nine and the last as rows, all of them numbered', () => {
    const choices = Array.from({ length: 14 }, (_, index) => action(`Plan ${index + 1}`, index));
    const content = draw([text('Which?')], choices);
    expect(rowsIn(content).map(({ title }) => title)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 14].map((n) => `Plan ${n}`));
    expect(bodyIn(content)).toBe(`Which?\n\n${choices.map(({ label }, index) => `${index + 1}. ${label}`).join('\n')}`);
  });

  test('a choice too long for a row is numbered in the body, whole', () => {
    const long = 'Every Sunday morning until the end of the year, and again after that if you like';
    const content = draw([text('When?')], [action(long), action('Never', 1)]);
    expect(rowsIn(content)[0]).toMatchObject({ title: 'Every Sunday morning un…' });
    expect(bodyIn(content)).toBe(`When?\n\n1. ${long}`);
  });

  test('rows that would read alike begin with their number', () => {
    const content = draw([text('Which?')], actions('Super Internet Weekly Pack 10', 'Super Internet Weekly Pack 20'));
    expect(rowsIn(content).map(({ title }) => title)).toEqual(['1. Super Internet Weekl…', '2. Super Internet Weekl…']);
  });

  test('a link is a button when there is nothing else to press, else an address', () => {
    const link: Block = { type: 'link', url: 'https://telco.example/terms_of_use', label: say('Terms') };
    expect(draw([text('Read this:'), link])).toMatchObject({
      interactive: {
        type: 'cta_url',
        body: { text: 'Read this:' },
        action: { name: 'cta_url', parameters: { display_text: 'Terms', url: link.url } },
      },
    });
    expect(bodyIn(draw([text('Read this:'), link], actions('Done')))).toBe(
      'Read this:\n\nTerms: https://telco.example/terms_of_use',
    );
    expect(bodyIn(draw([text('Read this:'), link, link]))).toContain('Terms: https://telco.example/terms_of_use');
    expect(bodyIn(draw([text('Read this:'), { ...link, url: 'javascript:alert(1)' }]))).toBe('Read this:\n\nTerms');
  });

  test('an image is the header of buttons, the message itself without any, and words where it cannot be shown', () => {
    const image: Block = { type: 'image', url: 'https://telco.example/plan.png', alt: say('A fast phone') };
    expect(draw([image, text('New!')], actions('See it'))).toMatchObject({
      interactive: { type: 'button', header: { type: 'image', image: { link: image.url } }, body: { text: 'New!' } },
    });
    expect(draw([image, text('New!')])).toEqual({ type: 'image', image: { link: image.url, caption: 'New!' } });
    expect(bodyIn(draw([image, text('New!')], actions('A', 'B', 'C', 'D')))).toBe('A fast phone\n\nNew!');
    expect(render(message([image, text('New!')]), WORDS, { media: false })).toMatchObject({
      text: { body: 'A fast phone\n\nNew!' },
    });
  });

  test('gauges are bars and facts are lines with the label in bold', () => {
    const content = draw([
      { type: 'facts', facts: [{ label: say('Money'), value: say('RM 12.50') }] },
      { type: 'gauge', label: say('Weekly 1 GB'), share: 0.1, level: 'low', caption: say('100 MB of 1 GB left') },
    ]);
    expect(bodyIn(content)).toBe('*Money:* RM 12.50\n\n*Weekly 1 GB*\n▓░░░░░░░░░ 10%\n100 MB of 1 GB left');
  });

  test('a heading too long for a header is bold in the body; one that stands alone is the body', () => {
    const long = 'W'.repeat(61);
    expect(bodyIn(draw([{ type: 'heading', text: say(long) }, text('x')], actions('A')))).toBe(`*${long}*\n\nx`);
    expect(interactive(draw([{ type: 'heading', text: say('Alone') }], actions('A')))).not.toHaveProperty('header');
  });

  test('details go first when a body is too long, then sentences; names share what is left', () => {
    const offer = (index: number) =>
      card(`${index} ${'Name '.repeat(20)}`, `RM ${index}.00`, index, { description: say('d'.repeat(500)) });
    const few = Array.from({ length: 8 }, (_, index) => offer(index));
    const body = bodyIn(
      draw(
        [text('s'.repeat(3700)), { type: 'offers', offers: few }],
        few.map(({ title }, index) => action(`${title}`, index)),
      ),
    );
    expect(body.length).toBeLessThanOrEqual(4096);
    expect(body).not.toContain('d');
    expect(body).toMatch(/^s{2000,}…/);
    for (const { title, price } of few) expect(body).toContain(`. ${title.trim()}* – ${price}`);
  });

  test('offers that no body can hold are left out whole, from the end', () => {
    const many = Array.from({ length: 200 }, (_, index) => card(`${index} ${'Name '.repeat(20)}`, `RM ${index}.00`));
    const lines = bodyIn(draw([{ type: 'offers', offers: many }]))
      .split('\n')
      .filter((line) => line !== '');
    expect(lines.pop()).toBe('…');
    expect(lines.length).toBeGreaterThan(100);
    for (const [index, line] of lines.entries())
      expect(line).toMatch(new RegExp(`^\\*${index} Name.*…\\* – RM ${index}\\.00$`));
  });

  test('whoever hides their number shares it by a button, unless the words and the numbered choices are too long', () => {
    const question = (length: number): Message =>
      message([text('q'.repeat(length))], actions('Cancel'), { asksNumber: true });
    const numbers = '\n\n1. Cancel';
    const longest = question(1024 - numbers.length);
    const content = render(longest, WORDS, { knowsNumber: false });
    expect(content).toEqual({
      type: 'interactive',
      interactive: {
        type: 'request_contact_info',
        body: { text: 'q'.repeat(1024 - numbers.length) + numbers },
        action: { name: 'request_contact_info' },
      },
    });
    expect(render(longest, WORDS)).toMatchObject({ interactive: { type: 'button' } });
    const longer = question(1025 - numbers.length);
    expect(render(longer, WORDS, { knowsNumber: false })).toEqual(render(longer, WORDS));
  });

  test('a message of nothing is not sent', () => {
    expect(render(message([]), WORDS)).toBeUndefined();
    expect(render(message([text('  ')]), WORDS)).toBeUndefined();
  });
});

describe('words from outside are literal', () => {
  test.each([
    ['*Super* _10_ ~GB~', '∗Super∗ ˍ10ˍ ∼GB∼'],
    ['```code``` `x`', 'ˋˋˋcodeˋˋˋ ˋxˋ'],
    ['plan_10_gb 5~10', 'plan_10_gb 5~10'],
    ['> quoted\n- item', '› quoted\n‐ item'],
    ['a > b - c', 'a > b - c'],
    ['<!channel> @everyone', '<!channel> @everyone'],
  ])('%j is written %j', (from, to) => {
    expect(literal(from)).toBe(to);
    expect(literal(from)).toHaveLength(from.length);
  });

  test('a plan name cannot end its own bold', () => {
    const offers: Block = { type: 'offers', offers: [card('Fast* and ~free~', 'RM 5', 0)] };
    expect(bodyIn(draw([offers], actions('Fast* and ~free~ · RM 5')))).toBe('*1. Fast∗ and ∼free∼* – RM 5');
  });

  test('lines of an Urdu message that begin with Latin letters still run from the right', () => {
    const offers: Block = {
      type: 'offers',
      offers: [card('\u2068Super 10 GB\u2069', 'RM 5', 0), card('سپر', 'RM 6', 1)],
    };
    const choices = actions('\u2068Super 10 GB\u2069 · RM 5', 'سپر · RM 6');
    const body = bodyIn(draw([offers], choices, { language: 'ur', direction: 'rtl' }));
    expect(body).toBe('*\u200f1. \u2068Super 10 GB\u2069* – RM 5\n\n*2. سپر* – RM 6');
  });
});
