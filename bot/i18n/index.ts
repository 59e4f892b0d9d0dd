export { LOCALES, type Locale } from './catalogues.js';
export { MessageFailed } from './compile.js';
export { shownBefore } from './cut.js';
export type { Localized } from './localized.js';
export { phrases } from './phrases.js';
export { createTranslators, type Translators } from './translate.js';
