import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { placeInBlockId, render } from '../../adapters/slack/render.js';
import { clipEncoded, decodeText, escapeMrkdwn, textObject } from '../../adapters/slack/text.js';
import type { Message } from '../../bot/message/message.js';
import { arbitraryMessage } from '../support/arbitrary-message.js';
import { message } from './house.js';
import { METHODS } from './limits.js';

const options = { id: 'reply', place: 'C1:1.2' };

interface Drawn {
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: the schema has checked the blocks.
  readonly blocks: any[];
}

const draw = (parts: object, more: object = {}): Drawn => render(message(parts), { ...options, ...more });

/** Everything a person can read of it, entities and word joiners undone. */
function readable(blocks: readonly unknown[]): string {
  const texts: string[] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const { type, text, alt_text } = value as Record<string, unknown>;
    if (typeof text === 'string') texts.push(type === 'mrkdwn' ? undo(text) : text);
    if (typeof alt_text === 'string') texts.push(alt_text);
    Object.values(value).forEach(walk);
  };
  walk(blocks);
  return texts.join('\n').replaceAll('\u2060', '');
}

const undo = (markup: string) => markup.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

/** Two are the same to a reader: white space is drawn as Slack likes. */
const squeeze = (text: string) => text.replaceAll('\u2060', '').replace(/\s+/g, ' ').trim();
/** What must be there of a text, however much of it was cut: where the shortest form is cut, less than that. */
const start = (text: string, kept: number) =>
  squeeze(text.slice(0, kept))
    .slice(0, Math.max(1, kept - 12))
    .replace(/[\ud800-\udbff]$/, '');

function checkPost({ text, blocks }: Drawn) {
  METHODS['chat.postMessage'].parse({
    channel: 'D1',
    text,
    blocks,
    mrkdwn: false,
    parse: 'none',
    link_names: false,
    unfurl_links: false,
    unfurl_media: false,
    client_msg_id: '6fa459ea-ee8a-5ca4-894e-db77e160355e',
  });
}

describe('a message of a right-to-left language', () => {
  const urdu = {
    language: 'ur',
    direction: 'rtl',
    blocks: [
      { type: 'heading', text: '\u2068Super\u2069 خریدا گیا' },
      { type: 'text', text: 'آپ کا ڈیٹا' },
      { type: 'text', text: '12 GB باقی', tone: 'warning' },
      { type: 'gauge', label: 'Weekly 5 GB', share: 0.5, level: 'good', caption: '\u20685 GB\u2069 میں سے' },
      { type: 'offers', offers: [{ title: 'Super 10 GB', price: 'Rs 190', facts: [], action: 0 }] },
      { type: 'facts', facts: [{ label: 'SMS', value: '100' }] },
    ],
    actions: [
      { token: 'a~1', label: 'Super 10 GB · Rs 190', style: 'default' },
      { token: 'a~2', label: '\u2068Refill\u2069 مدد', style: 'default' },
    ],
  };
  /** As a browser decides `dir="auto"`: by the first letter or mark, isolated or not. */
  const runsRight = (text: string) => /^[^\p{L}\u200e\u200f]*[\p{Script=Arabic}\u200f]/u.test(text);

  test('runs from the right whatever its lines begin with', () => {
    const texts = readable(draw(urdu).blocks)
      .split('\n')
      .filter((line) => /\p{L}/u.test(line));
    expect(texts.length).toBeGreaterThan(8);
    expect(texts.filter((line) => !runsRight(line))).toEqual([]);
  });

  test('has no mark where none is needed, and its prices are recognised in its labels', () => {
    const drawn = draw(urdu);
    expect(readable(drawn.blocks)).toContain('\nآپ کا ڈیٹا');
    const card = drawn.blocks.find(({ accessory }) => accessory !== undefined);
    expect(card.accessory.text.text).toBe('\u200fRs 190');
  });

  test('is not marked in a language that runs from the left', () => {
    expect(JSON.stringify(draw({ ...urdu, language: 'en', direction: 'ltr' }))).not.toContain('\u200f');
  });
});

describe('any message the model can express', () => {
  test('is within every limit, whole and shortened, as a post and as App Home', () => {
    fc.assert(
      fc.property(arbitraryMessage(), fc.boolean(), (any, compact) => {
        checkPost(render(any, { ...options, compact }));
        const { blocks } = render(any, { ...options, maxBlocks: 100 });
        METHODS['views.publish'].parse({ user_id: 'U1', view: { type: 'home', blocks } });
      }),
      { numRuns: 300 },
    );
  }, 60_000);

  test('keeps the name and the price of every offer, and a way to take every action', () => {
    fc.assert(
      fc.property(arbitraryMessage(), fc.boolean(), (any, compact) => {
        const drawn: Drawn = render(any, { ...options, compact });
        expectNothingLost(any, drawn, compact);
      }),
      { numRuns: 300 },
    );
  }, 60_000);

  function expectNothingLost({ blocks, actions }: Message, drawn: Drawn, compact: boolean) {
    const read = squeeze(readable(drawn.blocks));
    const tokens = JSON.stringify(drawn.blocks);
    for (const block of blocks) {
      if (block.type !== 'offers') continue;
      for (const { title, price } of block.offers) {
        expect(read).toContain(compact ? start(title, 28) : squeeze(title));
        expect(read).toContain(squeeze(price));
      }
    }
    actions.forEach(({ token }, index) => {
      const pressable = tokens.includes(JSON.stringify(token));
      expect(pressable || read.includes(`${index + 1}. `)).toBe(true);
    });
  }
});

describe('what is said is said literally', () => {
  const hostile = '<!channel> @here *bold* _it_ `code` :tada: &amp; <@U1>';

  test('a plan named <!channel> calls nobody and formats nothing', () => {
    const drawn = draw({
      blocks: [
        { type: 'heading', text: hostile },
        { type: 'text', text: hostile },
        { type: 'text', text: hostile, tone: 'hint' },
        { type: 'facts', facts: [{ label: hostile, value: hostile }] },
        { type: 'gauge', label: hostile, share: 0.5, level: 'good', caption: hostile },
        { type: 'offers', offers: [{ title: hostile, price: 'RM 5.00', facts: [], action: 0 }] },
      ],
      actions: [{ token: 't', label: hostile, style: 'default' }],
    });
    checkPost(drawn);
    expect(JSON.stringify(drawn)).not.toContain('<!channel>');
    expect(JSON.stringify(drawn.blocks)).not.toContain('mrkdwn');
    expect(readable(drawn.blocks).split(hostile).length - 1).toBeGreaterThanOrEqual(8);
  });

  test('mrkdwn is escaped and looks for nothing by itself', () => {
    const { blocks } = draw({
      blocks: [{ type: 'facts', facts: [{ label: 'Plan', value: '<b>A & B</b> #general @here' }] }],
    });
    expect(blocks[0].fields).toEqual([
      { type: 'mrkdwn', text: '*Plan*\n&lt;b&gt;A &amp; B&lt;/b&gt; #general @here', verbatim: true },
    ]);
  });

  test.each(['*bold*', '_italic_', '~gone~', '`code`', ':tada:', 'first\n> quote', '>quote'])(
    '%j is no markup',
    (name) => {
      expect(textObject([[{ text: 'Plan', bold: true }], [{ text: name }]], 100)).toEqual({
        type: 'plain_text',
        text: `Plan\n${name}`,
        emoji: false,
      });
    },
  );

  test('direction marks are kept', () => {
    const name = '\u2068Super 10 GB\u2069 سپر';
    expect(readable(draw({ blocks: [{ type: 'text', text: name }] }).blocks)).toBe(name);
  });

  test('escaping never breaks a limit, nor a grapheme', () => {
    expect(clipEncoded('&'.repeat(5000), 3000, escapeMrkdwn).length).toBeLessThanOrEqual(3000);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), fc.integer({ min: 1, max: 200 }), (text, max) => {
        const fitted = clipEncoded(text, max, escapeMrkdwn);
        expect(fitted.length).toBeLessThanOrEqual(max);
        expect(fitted).not.toMatch(/&(?!amp;|lt;|gt;)/);
      }),
    );
  });

  test('what somebody typed comes out as it was typed', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        expect(decodeText(escapeMrkdwn(text), 'UBOT')).toBe(text.trim());
      }),
    );
    expect(decodeText('<@UBOT> <mailto:a@b.c|a@b.c> <#C1|general> <!here>', 'UBOT')).toBe('a@b.c general here');
  });
});

describe('how it looks', () => {
  test('a balance', () => {
    const { blocks } = draw({
      blocks: [
        { type: 'heading', text: 'What you have left' },
        { type: 'facts', facts: [{ label: 'Money', value: 'RM 12.50' }] },
        { type: 'gauge', label: 'Weekly 1 GB', share: 0.1, level: 'low', caption: '100 MB of 1 GB left' },
        { type: 'text', text: 'Nearly empty', tone: 'warning' },
        { type: 'text', text: 'As of today', tone: 'hint' },
        { type: 'link', label: 'Terms', url: 'https://telco.example/terms' },
        { type: 'image', url: 'https://telco.example/a.png', alt: 'A phone' },
      ],
      actions: [
        { token: 'offers~a~0', label: 'See offers', style: 'primary' },
        { token: 'help~a~1', label: 'Help', style: 'default' },
      ],
    });
    expect(blocks).toEqual([
      { type: 'header', text: { type: 'plain_text', text: 'What you have left', emoji: false } },
      { type: 'section', fields: [{ type: 'mrkdwn', text: '*Money*\nRM 12.50', verbatim: true }] },
      {
        type: 'section',
        text: { type: 'mrkdwn', text: '*Weekly 1 GB*\n▓░░░░░░░░░ 10%\n100 MB of 1 GB left', verbatim: true },
      },
      { type: 'section', text: { type: 'plain_text', text: '⚠️ Nearly empty', emoji: false } },
      { type: 'context', elements: [{ type: 'plain_text', text: 'As of today', emoji: false }] },
      {
        type: 'actions',
        block_id: 'reply.5~C1:1.2',
        elements: [
          {
            type: 'button',
            action_id: 'link',
            text: { type: 'plain_text', text: 'Terms', emoji: false },
            url: 'https://telco.example/terms',
          },
        ],
      },
      { type: 'image', image_url: 'https://telco.example/a.png', alt_text: 'A phone' },
      {
        type: 'actions',
        block_id: 'reply.7~C1:1.2',
        elements: [
          {
            type: 'button',
            action_id: 'action-0',
            text: { type: 'plain_text', text: 'See offers', emoji: false },
            value: 'offers~a~0',
            style: 'primary',
          },
          {
            type: 'button',
            action_id: 'action-1',
            text: { type: 'plain_text', text: 'Help', emoji: false },
            value: 'help~a~1',
          },
        ],
      },
    ]);
  });

  const offers = (count: number) => ({
    blocks: [
      {
        type: 'offers',
        offers: Array.from({ length: count }, (_, index) => ({
          title: `Plan ${index}`,
          price: `RM ${index}.00`,
          description: 'For a week',
          facts: [{ label: 'Valid', value: '7 days' }],
          action: index,
        })),
      },
    ],
    actions: Array.from({ length: count }, (_, index) => ({
      token: `offers~a~${index}`,
      label: `Plan ${index} · RM ${index}.00`,
      style: 'default',
    })),
  });

  test('an offer has its price on the button, since its name stands beside it', () => {
    expect(draw(offers(1)).blocks).toEqual([
      {
        type: 'section',
        block_id: 'reply.0~C1:1.2',
        text: { type: 'mrkdwn', text: '*Plan 0*\nRM 0.00\nFor a week\nValid: 7 days', verbatim: true },
        accessory: {
          type: 'button',
          action_id: 'action-0',
          text: { type: 'plain_text', text: 'RM 0.00', emoji: false },
          value: 'offers~a~0',
        },
      },
    ]);
  });

  test('offers beyond what a message holds become numbered lines', () => {
    const { blocks } = draw(offers(80));
    expect(blocks).toHaveLength(50);
    expect(blocks.at(-1).text.text).toContain('80. Plan 79 – RM 79.00');
    expect(blocks.filter(({ accessory }) => accessory !== undefined)).toHaveLength(49);
  });

  test('a whole catalogue keeps every name and price, shortened more the more there are', () => {
    const long = (index: number) => ({
      title: `Plan ${index} ${'x'.repeat(280)}`,
      price: `RM ${index}.00`,
      facts: [],
      action: index,
    });
    const cards = Array.from({ length: 360 }, (_, index) => long(index));
    const actions = cards.map(({ title }, index) => ({ token: `t${index}`, label: `Take ${title}`, style: 'default' }));
    const drawn = draw({ blocks: [{ type: 'offers', offers: cards }], actions });
    checkPost(drawn);
    for (const [index] of cards.entries()) {
      expect(readable(drawn.blocks)).toMatch(
        new RegExp(`^${index + 1}\\. Plan ${index} x{40,}… – RM ${index}\\.00 \\(Take Plan`, 'm'),
      );
    }
  });

  test('a long name is kept whole as long as there is room, and a price always', () => {
    const title = `Plan ${'&'.repeat(400)} <!x>`;
    const price = `RM 5.00 ${'for every day of the month '.repeat(12)}in all`;
    const cards = (count: number) => ({
      blocks: [{ type: 'offers', offers: Array.from({ length: count }, () => ({ title, price, facts: [] })) }],
    });
    for (const [count, more] of [
      [1, {}],
      [100, {}],
      [100, { maxBlocks: 45 }],
    ] as const) {
      const drawn = draw(cards(count), more);
      checkPost(drawn);
      const read = squeeze(readable(drawn.blocks));
      expect([read.split(title).length - 1, read.split(price).length - 1]).toEqual([count, count]);
    }
    for (const more of [{ compact: true }, { maxBlocks: 12 }])
      expect(squeeze(readable(draw(cards(60), more).blocks)).split(price)).toHaveLength(61);
  });

  test('a name that no section holds leaves room for its price', () => {
    const card = { title: '&'.repeat(5000), price: 'RM 5.00', badge: 'a loan', facts: [] };
    const drawn = draw({ blocks: [{ type: 'offers', offers: [card] }] });
    checkPost(drawn);
    expect(readable(drawn.blocks)).toMatch(/^\*&{500,}…\*\nRM 5\.00\na loan$/);
    expect(readable(draw({ blocks: [{ type: 'offers', offers: [card] }] }, { compact: true }).blocks)).toMatch(
      /^&{100,}… – RM 5\.00$/,
    );
    const facts = [{ label: '&'.repeat(3000), value: 'RM 5.00' }];
    expect(readable(draw({ blocks: [{ type: 'facts', facts }] }).blocks)).toMatch(/RM 5\.00$/);
  });

  test('an action whose words do not fit on a button is written out', () => {
    const label = 'A very long label '.repeat(8).trim();
    const { blocks } = draw({ actions: [{ token: 't', label, style: 'danger' }] });
    expect(blocks[1].text.text).toBe(`1. ${label}`);
    expect(blocks[2].elements[0]).toMatchObject({ value: 't', style: 'danger' });
  });

  test('more actions than two rows hold can be typed', () => {
    const actions = Array.from({ length: 53 }, (_, index) => ({
      token: `t${index}`,
      label: `Choice ${index}`,
      style: 'default',
    }));
    const { blocks } = draw({ blocks: [], actions });
    expect(blocks.map(({ type, elements }) => elements?.length ?? type)).toEqual(['section', 25, 25]);
    expect(blocks[0].text.text).toBe('51. Choice 50\n52. Choice 51\n53. Choice 52');
  });

  test('an address that is no web page is not offered as one', () => {
    const { blocks } = draw({
      blocks: [
        { type: 'link', label: 'Terms', url: 'javascript:alert(1)' },
        { type: 'image', alt: 'A phone', url: 'file:///etc/passwd' },
      ],
    });
    expect(JSON.stringify(blocks)).not.toMatch(/javascript|passwd/);
    expect(readable(blocks)).toBe('Terms\nA phone');
  });

  test('a button knows its place again', () => {
    for (const place of ['', 'home', 'C1', 'C1:1795254300.000200']) {
      const { blocks } = draw({ actions: [{ token: 't', label: 'x', style: 'default' }] }, { place });
      expect(placeInBlockId(blocks.at(-1).block_id)).toBe(place);
    }
    expect(placeInBlockId('somebody-elses')).toBeUndefined();
  });
});
