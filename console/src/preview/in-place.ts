import type { DrawnEntry } from './types.js';

/**
 * The conversation on a channel that edits: a message with the key of an earlier one stands in its place, under its time, as
 * `chat.update` and a Teams activity that is put again do (adapters/slack/send.ts, adapters/teams/send.ts).
 */
export function inPlace(entries: readonly DrawnEntry[]): readonly DrawnEntry[] {
  const placed: DrawnEntry[] = [];
  const placeOf = new Map<string, number>();
  for (const entry of entries) {
    const key = entry.who === 'refill' ? entry.message.key : undefined;
    const place = key === undefined ? undefined : placeOf.get(key);
    const before = place === undefined ? undefined : placed[place];
    if (place !== undefined && before !== undefined) {
      placed[place] = { ...entry, id: before.id, at: before.at };
      continue;
    }
    if (key !== undefined) placeOf.set(key, placed.length);
    placed.push(entry);
  }
  return placed;
}
