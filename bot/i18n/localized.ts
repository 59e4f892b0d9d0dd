declare const localized: unique symbol;

/**
 * Text that may be shown to a subscriber: made only by a translator (catalogue, formatting, telco-provided words), so the
 * compiler refuses a bare string anywhere in a message.
 */
export type Localized = string & { readonly [localized]: true };
