import { useEffect, useState } from 'preact/hooks';
import { get } from '../api/http.js';

/** The answer to `GET /console/whatsapp`: how WhatsApp Web's link to a phone stands. */
export type Link =
  | { readonly state: 'off' | 'starting' | 'connected' }
  | { readonly state: 'scan'; readonly qr: string }
  | { readonly state: 'disconnected'; readonly why: string; readonly retryAt: number };

/** While something is about to happen, and while nothing is expected to; in milliseconds. */
const SOON_MS = 2_000;
const LATER_MS = 15_000;

/** Follows the link for as long as the page is open; `undefined` until it is known. With WhatsApp Web off it asks once. */
export function useLink(): Link | undefined {
  const [link, setLink] = useState<Link>();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let left = false;
    const ask = async () => {
      const known = await get<Link>('/console/whatsapp').catch(() => undefined);
      if (left) return;
      // A page without an answer keeps showing what it knew: the chat says that Refill is away.
      if (known !== undefined) setLink(known);
      if (known?.state === 'off') return;
      timer = setTimeout(ask, known === undefined || known.state === 'connected' ? LATER_MS : SOON_MS);
    };
    void ask();
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, []);
  return link;
}
