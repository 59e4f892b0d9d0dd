import type { MultilingualText } from '../domain/text.js';

/*
 * PostgreSQL keeps no NUL in text, and in jsonb no half of a surrogate pair either (manual, 8.3 and 8.14): it refuses the whole
 * statement. Whoever sends one, be it a telco or a chat user, shall not bring Refill to a stop.
 */

const REPLACEMENT = '\uFFFD';

/**
 * An id with its NULs replaced: as it is written, so it is looked up, and it never becomes the id of something else. What is no
 * string stays as it is.
 */
export function storable<T>(id: T): T {
  return typeof id === 'string' ? (id.replaceAll('\0', REPLACEMENT) as T) : id;
}

/** Parameters of a statement, each `storable`. */
export function storableValues<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, storable(value)])) as T;
}

/** A name for people: without what cannot be kept. */
export function storableName(name: readonly MultilingualText[]): MultilingualText[] {
  const plain = (text: string) => text.replace(/\0|\p{Surrogate}/gu, '');
  return name.map(({ language, text }) => ({ language: plain(language), text: plain(text) }));
}
