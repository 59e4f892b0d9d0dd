import { createRequire } from 'node:module';

/** What of Microsoft's library is used: it parses without a page, and draws only in one. */
interface Library {
  readonly Versions: { readonly v1_5: unknown };
  readonly SerializationContext: new (
    version: unknown,
  ) => {
    readonly eventCount: number;
    getEventAt(index: number): { readonly message: string };
  };
  readonly HostConfig: new (settings: { readonly actions: { readonly maxActions: number } }) => object;
  readonly AdaptiveCard: new () => {
    hostConfig: object;
    parse(card: unknown, context: InstanceType<Library['SerializationContext']>): void;
    validateProperties(): { readonly validationEvents: readonly { readonly message: string }[] };
  };
}

// The package's main file names its parts in a way only bundlers find.
const library: Library = createRequire(import.meta.url)('adaptivecards/dist/adaptivecards.min.js');

/** Teams draws six buttons in a row (CHANNELS.md, Teams); the library's own five are of no platform. */
const TEAMS = new library.HostConfig({ actions: { maxActions: 6 } });

/** What Microsoft's own parser of Adaptive Cards 1.5 has against a card: types, values and members it does not know or misses. */
export function parserErrors(card: Readonly<Record<string, unknown>>): string[] {
  const context = new library.SerializationContext(library.Versions.v1_5);
  const parsed = new library.AdaptiveCard();
  parsed.hostConfig = TEAMS;
  // Its pattern for languages remembers where it was and refuses every other card.
  const { lang, ...rest } = card;
  parsed.parse(rest, context);
  const wrongLanguage = lang === undefined || /^[a-z]{2,3}$/i.test(String(lang)) ? [] : ['a language that is none'];
  const events = Array.from({ length: context.eventCount }, (_, index) => context.getEventAt(index));
  const said = [...events, ...parsed.validateProperties().validationEvents].map(({ message }) => message);
  return [...wrongLanguage, ...said];
}
