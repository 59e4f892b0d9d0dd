import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { render } from '../../adapters/teams/render.js';
import type { Message } from '../../bot/message/message.js';
import { launchBrowser, noBrowser } from '../support/browser.js';
import { say, textMessage } from './house.js';

const RENDERER = createRequire(import.meta.url).resolve('adaptivecards/dist/adaptivecards.min.js');
const withBrowser = noBrowser === undefined ? describe : describe.skip;

/** What Microsoft's renderer made of a card. */
interface Drawn {
  readonly text: string;
  readonly buttons: readonly string[];
  readonly tags: readonly string[];
  readonly warnings: readonly string[];
  /** Widths of the columns of the first bar, in pixels. */
  readonly bar: readonly number[];
  readonly rtl: boolean;
}

/** The parts of the renderer that the page uses. */
interface Renderer {
  AdaptiveCard: (new () => { parse(json: unknown, context: unknown): void; render(): HTMLElement }) & {
    onProcessMarkdown: (text: string, result: { outputHtml: string; didProcess: boolean }) => void;
  };
  SerializationContext: new () => { eventCount: number; getEventAt(index: number): { message: string } };
}

withBrowser(`drawn by Microsoft’s own renderer${noBrowser === undefined ? '' : ` (skipped: ${noBrowser})`}`, () => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    browser = await launchBrowser();
    page = await browser.newPage();
    await page.setContent('<!doctype html><meta charset="utf-8"><body style="width: 420px; font-family: sans-serif">');
    await page.addScriptTag({ content: readFileSync(RENDERER, 'utf8') });
  }, 60_000);
  afterAll(() => browser?.close());

  async function draw(message: Message): Promise<Drawn> {
    const json = JSON.parse(render(message, {}));
    return page.evaluate((card: unknown) => {
      // biome-ignore lint/performance/useDomNodeTextContent: what a person sees, line breaks included
      const seen = ({ innerText: words }: HTMLElement) => words;
      const { AdaptiveCard, SerializationContext } = (window as unknown as { AdaptiveCards: Renderer }).AdaptiveCards;
      // A Markdown processor that trusts everything: markup that reaches it shows.
      AdaptiveCard.onProcessMarkdown = (text, result) => {
        result.outputHtml = text
          .replace(/\[([^\]]*)\]\(([^)]*)\)/g, '<a href="$2">$1</a>')
          .replace(/(\*\*?|__?|~~?|`)(.+?)\1/g, '<em>$2</em>')
          .replace(/^\s*(#+|-|\d+\.)\s/, '<li>');
        result.didProcess = true;
      };
      const context = new SerializationContext();
      const drawn = new AdaptiveCard();
      drawn.parse(card, context);
      document.body.replaceChildren(drawn.render());
      const columns = document.querySelector('.ac-columnSet')?.children ?? [];
      return {
        text: seen(document.body),
        buttons: [...document.querySelectorAll('button')].map(seen),
        tags: [...document.body.querySelectorAll('em, a, li, script, at')].map(({ tagName }) => tagName),
        // Its check of `lang` is a global regular expression, which remembers where it was: every other card fails it.
        warnings: Array.from({ length: context.eventCount }, (_, index) => context.getEventAt(index).message).filter(
          (message) => !message.includes('"lang"'),
        ),
        bar: [...columns].map((column) => Math.round(column.getBoundingClientRect().width)),
        rtl: document.querySelector('[dir=rtl]') !== null,
      };
    }, json.attachments[0].content);
  }

  const gauge = {
    type: 'gauge',
    label: say('Internet'),
    share: 0.25,
    level: 'good',
    caption: say('250 MB of 1 GB left'),
  } as const;

  test('a balance: facts, a bar a quarter full, and its words', async () => {
    const drawn = await draw(
      textMessage('', {
        blocks: [
          { type: 'heading', text: say('Your balance') },
          { type: 'facts', facts: [{ label: say('Credit'), value: say('RM 12.50') }] },
          gauge,
        ],
      }),
    );
    expect(drawn.warnings).toEqual([]);
    expect(
      drawn.text
        .split('\n')
        .map((line) => line.trim())
        .filter(Boolean),
    ).toEqual(['Your balance', 'Credit', 'RM 12.50', 'Internet', '250 MB of 1 GB left', 'See offers']);
    const [full = 0, rest = 0] = drawn.bar;
    expect(full).toBeGreaterThan(50);
    expect(rest / full).toBeGreaterThan(2.5);
    expect(rest / full).toBeLessThan(3.5);
  });

  test('offers, each with its button', async () => {
    const offers = ['One', 'Two'].map((name, action) => ({
      title: say(`${name} GB`),
      price: say(`RM ${action + 1}.00`),
      facts: [],
      action,
    }));
    const actions = ['One', 'Two', 'Help'].map((name, n) => ({
      token: `t~${n}`,
      label: say(name),
      style: 'default' as const,
    }));
    const drawn = await draw(textMessage('', { blocks: [{ type: 'offers', offers }], actions }));
    expect(drawn.warnings).toEqual([]);
    expect(drawn.text.replaceAll(/\s+/g, ' ')).toBe('One GB RM 1.00 One Two GB RM 2.00 Two Help');
    expect(drawn.buttons).toEqual(['One', 'Two', 'Help']);
  });

  test.each([
    '*Super* **10** _GB_',
    '[10 GB](https://evil.example)',
    '# Huge',
    '1. First',
    '`code` ~~gone~~',
    '<at>everyone</at> <script>document.title="x"</script>',
    '&lt;b&gt; &amp;',
  ])('%s is drawn as it is written', async (name) => {
    const drawn = await draw(
      textMessage('', {
        blocks: [
          { type: 'heading', text: say(name) },
          { type: 'facts', facts: [{ label: say(name), value: say(name) }] },
          { ...gauge, label: say(name), caption: say(name) },
          { type: 'offers', offers: [{ title: say(name), price: say(name), facts: [], action: 0 }] },
        ],
        actions: [{ token: 't', label: say(name), style: 'primary' }],
      }),
    );
    expect(drawn.tags).toEqual([]);
    expect(drawn.text.split(name)).toHaveLength(9);
  });

  test('a form and a right-to-left card', async () => {
    const form = {
      token: 'f',
      title: say('ٹاپ اپ'),
      open: say('x'),
      submit: say('بھیجیں'),
      fields: [{ name: 'voucher', kind: 'text' as const, label: say('واؤچر') }],
    };
    const drawn = await draw(textMessage('بیلنس', { language: 'ur', direction: 'rtl', form }));
    expect(drawn).toMatchObject({ warnings: [], rtl: true, buttons: ['بھیجیں', 'See offers'] });
    expect(drawn.text).toContain('واؤچر');
  });
});
