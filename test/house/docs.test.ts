import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';

const pages = ['README.md', ...readdirSync('docs').flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : []))];

/** What a page links to or shows beside it, as a path from the root of the repository; other sites and anchors are left out. */
function filesIn(page: string): string[] {
  const targets = [...readFileSync(page, 'utf8').matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, target = '']) => target);
  return targets.filter((target) => !/^[a-z]+:/i.test(target)).map((target) => join(dirname(page), target));
}

test('every file that the docs link to or show is there', () => {
  const missing = pages.flatMap((page) => filesIn(page).filter((file) => !existsSync(file)));
  expect(missing).toEqual([]);
});

test('every picture that is kept is shown', () => {
  const shown = new Set(pages.flatMap(filesIn));
  const kept = readdirSync('docs/images', { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.\w+$/.test(name))
    .map((name) => join('docs/images', name));
  expect(kept.filter((file) => !shown.has(file))).toEqual([]);
});
