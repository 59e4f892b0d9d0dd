import { useEffect, useRef, useState } from 'preact/hooks';
import { post } from '../api/http.js';
import type { Entry, Theirs } from '../chat/store.js';
import type { Drawn, DrawnEntry, Preview } from './types.js';

/** More than anyone compares, few enough to draw three times. */
const MAX_SHOWN = 60;

/** The end of the conversation as the channels would draw it. A message is shown once the server has said how. */
export function usePreviews(entries: readonly Entry[]): readonly DrawnEntry[] {
  const [previews, setPreviews] = useState<ReadonlyMap<string, Preview | undefined>>(new Map());
  const asked = useRef(new Set<string>());
  const recent = entries.slice(-MAX_SHOWN);

  useEffect(() => {
    const fresh = recent.filter((entry): entry is Theirs => entry.who === 'refill' && !asked.current.has(entry.id));
    if (fresh.length === 0) return;
    for (const { id } of fresh) asked.current.add(id);
    void Promise.all(fresh.map(async (entry) => [entry.id, await previewOf(entry)] as const)).then((found) =>
      setPreviews((known) => new Map([...known, ...found])),
    );
  }, [entries]);

  return recent.flatMap((entry): DrawnEntry[] => {
    if (entry.who === 'me') return [entry];
    return previews.has(entry.id) ? [{ ...entry, preview: previews.get(entry.id) } satisfies Drawn] : [];
  });
}

/** `undefined` when the server does not say: the frames then show that they cannot. */
function previewOf({ message }: Theirs): Promise<Preview | undefined> {
  return post<Preview>('/console/preview', { message }).catch(() => undefined);
}
