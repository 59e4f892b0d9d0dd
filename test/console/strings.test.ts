import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseSync } from '@swc/core';
import { en } from '../../console/src/i18n/en.js';
import { es } from '../../console/src/i18n/es.js';
import { ur } from '../../console/src/i18n/ur.js';

const ROOT = 'console/src';
const SPOKEN = [
  'aria-label',
  'aria-valuetext',
  'aria-description',
  'aria-placeholder',
  'title',
  'placeholder',
  'alt',
  'label',
];
/** Arguments of a call are a catalogue's key or data; what is compared is not shown. */
const SILENT = ['CallExpression', 'BinaryExpression', 'ArrowFunctionExpression'];
const LETTERS = /\p{L}/u;

interface Node {
  readonly type?: string;
  readonly value?: unknown;
  readonly name?: { readonly value?: string };
  readonly [key: string]: unknown;
}

/** Every piece of text in `source` that a user would read and no catalogue holds. */
function literals(source: string): string[] {
  const found: string[] = [];
  const visit = (node: unknown, spoken: boolean): void => {
    if (typeof node !== 'object' || node === null) return;
    const { type, value, name, raw, opening, children } = node as Node;
    const text = type === 'TemplateElement' ? raw : value;
    const isText = type === 'JSXText' || (spoken && (type === 'StringLiteral' || type === 'TemplateElement'));
    if (isText && typeof text === 'string' && LETTERS.test(text)) found.push(text.trim());
    if (type === 'JSXAttribute') visit(value, SPOKEN.includes(name?.value ?? ''));
    else if (type === 'JSXElement' || type === 'JSXFragment') {
      visit(opening, false);
      visit(children, true);
    } else {
      const stillSpoken = spoken && !SILENT.includes(type ?? '');
      for (const child of Object.values(node)) visit(child, stillSpoken);
    }
  };
  visit(parseSync(source, { syntax: 'typescript', tsx: true }).body, false);
  return found;
}

describe('what the page says', () => {
  test.each([
    ['<p>Hello</p>', ['Hello']],
    ['<p>{"Hello"}</p>', ['Hello']],
    ['<p>{busy ? "Wait" : t("go")}</p>', ['Wait']],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source code to look through
    ['<p>{`Hello ${name}`}</p>', ['Hello']],
    ['<button aria-label="Close" />', ['Close']],
    ['<img alt={"A cat"} />', ['A cat']],
    ['<p class="big" data-state={on ? "on" : "off"}>{t("chat.send")} · {state === "on" && <b>{t("x")}</b>}</p>', []],
  ])('the check finds what is hidden in %s', (source, found) => {
    expect(literals(`const x = ${source};`)).toEqual(found);
  });

  test('is in a catalogue, every word of it', async () => {
    const files = (await readdir(ROOT, { recursive: true })).filter((file) => file.endsWith('.tsx'));
    const found = files.flatMap((file) =>
      literals(readFileSync(join(ROOT, file), 'utf8')).map((text) => `${file}: ${text}`),
    );
    expect(files.length).toBeGreaterThan(15);
    expect(found).toEqual([]);
  });

  test.each([
    ['es', es],
    ['ur', ur],
  ])('fills in the same things in %s as in English', (_language, catalogue) => {
    const holes = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([hole]) => hole).sort();
    for (const key of Object.keys(en) as (keyof typeof en)[]) {
      expect({ key, holes: holes(catalogue[key]) }).toEqual({ key, holes: holes(en[key]) });
      expect(catalogue[key].trim()).not.toBe('');
    }
  });
});
