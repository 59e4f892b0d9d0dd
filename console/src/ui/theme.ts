import { useState } from 'preact/hooks';
import { recall, remember } from './storage.js';

export const THEMES = ['system', 'light', 'dark'] as const;

export type Theme = (typeof THEMES)[number];

/** The colours in use, and how to go on to the next choice. `theme.js` applies the remembered one before the first paint. */
export function useTheme(): [Theme, () => void] {
  const [theme, setTheme] = useState<Theme>(() => THEMES.find((known) => known === recall('theme')) ?? 'system');
  const next = () => {
    const chosen = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
    if (chosen === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = chosen;
    remember('theme', chosen);
    setTheme(chosen);
  };
  return [theme, next];
}
