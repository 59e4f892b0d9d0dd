import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Chat } from './store.js';

/** How close to the end, in CSS pixels, still counts as reading the newest message. */
const NEAR_END = 60;
/** Room left above what is scrolled to. */
const MARGIN = 10;

type Box = { readonly current: HTMLElement | null };

export interface Following {
  readonly atEnd: boolean;
  /** Something came that has not been looked at. */
  readonly unseen: boolean;
  onScroll(): void;
  toEnd(): void;
}

/**
 * Scrolls as a reader would. New messages come into sight, a tall one with its beginning first; whoever reads further up
 * stays there until they say something themselves.
 */
export function useFollow(box: Box, content: Box, { entries, typing }: Chat): Following {
  const [atEnd, setAtEnd] = useState(true);
  const [seen, setSeen] = useState<string>();
  const following = useRef(true);
  const count = useRef(0);
  const last = entries.at(-1);

  const follow = (on: boolean) => {
    following.current = on;
    setAtEnd(on);
    if (on) setSeen(last?.id);
  };

  useLayoutEffect(() => {
    const { current } = box;
    const first = content.current?.querySelectorAll<HTMLElement>('.row')[count.current];
    const grown = entries.length > count.current && count.current > 0;
    count.current = entries.length;
    if (!current || !(following.current || last?.who === 'me')) return;
    const end = current.scrollHeight - current.clientHeight;
    const top = grown && first && last?.who === 'refill' ? questionOf(first).offsetTop - MARGIN : end;
    current.scrollTop = Math.min(end, top);
    follow(top > end - NEAR_END);
    setSeen(last?.id);
  }, [entries, typing]);

  // An image loads, the keyboard opens, the window changes.
  useEffect(() => {
    const observer = new ResizeObserver(() => {
      if (following.current && box.current) box.current.scrollTop = box.current.scrollHeight;
    });
    for (const { current } of [box, content]) if (current) observer.observe(current);
    return () => observer.disconnect();
  }, [box, content]);

  return {
    atEnd,
    unseen: !atEnd && last?.who === 'refill' && last.id !== seen,
    onScroll: () => {
      if (box.current) follow(box.current.scrollHeight - box.current.scrollTop - box.current.clientHeight < NEAR_END);
    },
    toEnd: () => box.current?.scrollTo({ top: box.current.scrollHeight, behavior: 'smooth' }),
  };
}

/** What the subscriber said right before an answer: it should stay in sight with it. */
function questionOf(answer: HTMLElement): HTMLElement {
  const before = answer.previousElementSibling;
  return before instanceof HTMLElement && before.classList.contains('mine') ? before : answer;
}
