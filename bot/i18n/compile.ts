import IntlMessageFormat from 'intl-messageformat';
import { RefillError } from '../errors.js';
import { CATALOGUES, type CatalogueKey, type Locale } from './catalogues.js';
import type { MessageValues } from './translator.js';

/** A message of the catalogue could not be said: a bug in the catalogue or an argument forgotten by its caller. */
export class MessageFailed extends RefillError {
  readonly code = 'MESSAGE_FAILED';

  constructor(key: string, locale: string, cause?: unknown) {
    super(`the message ${key} could not be said in ${locale}`, { cause });
  }
}

export type Say = (key: CatalogueKey, values?: MessageValues) => string;

type Formatters = NonNullable<NonNullable<ConstructorParameters<typeof IntlMessageFormat>[3]>['formatters']>;

/**
 * The catalogue of `locale`, with numbers written as in `region` (a locale for Intl). Each message is compiled at its first
 * use and kept; one without arguments is kept as a plain string, so saying it costs a map look-up.
 */
export function compileCatalogue(locale: Locale, region: string): Say {
  const compiled = new Map<CatalogueKey, string | IntlMessageFormat>();
  const formatters = cachedFormatters();

  return function say(key, values) {
    let message = compiled.get(key);
    if (message === undefined) {
      message = compile(key, locale, region, formatters);
      compiled.set(key, message);
    }
    if (typeof message === 'string') return message;
    try {
      return String(message.format(values as Record<string, string> | undefined));
    } catch (cause) {
      throw new MessageFailed(key, locale, cause);
    }
  };
}

function compile(
  key: CatalogueKey,
  locale: Locale,
  region: string,
  formatters: Formatters,
): string | IntlMessageFormat {
  const text = CATALOGUES[locale][key] ?? CATALOGUES.en[key];
  if (text === undefined) throw new MessageFailed(key, locale);
  try {
    // Messages are plain text: a `<` is a character, never a tag.
    const message = new IntlMessageFormat(text, region, undefined, { ignoreTag: true, formatters });
    const elements = message.getAst();
    return elements.every((element) => element.type === 0) ? String(message.format()) : message;
  } catch (cause) {
    throw new MessageFailed(key, locale, cause);
  }
}

/** The library builds its Intl objects per message; these are shared by a whole catalogue. */
function cachedFormatters(): Formatters {
  return {
    getNumberFormat: remember(
      (locales, options) => new Intl.NumberFormat(locales, options as Intl.NumberFormatOptions),
    ),
    getDateTimeFormat: remember((locales, options) => new Intl.DateTimeFormat(locales, options)),
    getPluralRules: remember((locales, options) => new Intl.PluralRules(locales, options)),
  };
}

function remember<Options extends object, Made>(
  make: (locales: string | string[] | undefined, options: Options | undefined) => Made,
) {
  let plain: Made | undefined;
  const made = new Map<string, Made>();
  return (locales?: string | string[] | Intl.Locale | readonly (string | Intl.Locale)[], options?: Options): Made => {
    if (options === undefined) {
      plain ??= make(locales as string, options);
      return plain;
    }
    const key = JSON.stringify(options);
    const found = made.get(key) ?? make(locales as string, options);
    made.set(key, found);
    return found;
  };
}
