import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { day } from '../i18n/format.js';
import { useWords } from '../i18n/index.js';
import { Icon } from '../ui/icons.js';
import { MineBubble, TheirsBubble, TypingBubble } from './bubbles.js';
import { byDay, type Chat, type Entry } from './store.js';

interface ThreadProps {
  chat: Chat;
  timezone: string;
  onPress: (token: string, label: string) => void;
  onRetry: (id: string) => void;
}

/** How close to the end, in CSS pixels, still counts as reading the newest message. */
const NEAR_END = 80;

export function Thread({ chat, timezone, onPress, onRetry }: ThreadProps) {
  const words = useWords();
  const { t } = words;
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const [atEnd, setAtEnd] = useState(true);
  const newest = chat.entries.findLast(({ who }) => who === 'refill')?.id;
  const lastIsMine = chat.entries.at(-1)?.who === 'me';

  const toEnd = (behavior: ScrollBehavior) => box.current?.scrollTo({ top: box.current.scrollHeight, behavior });

  // Whoever reads further up stays there, unless they just said something themselves.
  useLayoutEffect(() => {
    if (atEnd || lastIsMine) toEnd('instant');
  }, [chat.entries, chat.typing]);
  useStayAtEnd(box, content, atEnd);

  return (
    <div class="thread-frame">
      <div
        ref={box}
        class="thread"
        role="log"
        aria-label={t('chat.log')}
        aria-live={chat.ready ? 'polite' : 'off'}
        aria-busy={!chat.ready}
        tabIndex={0}
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) =>
          setAtEnd(scrollHeight - scrollTop - clientHeight < NEAR_END)
        }
      >
        <div ref={content} class="thread-content">
          {byDay(chat.entries, timezone).map(({ day: key, entries }) => (
            <div key={key} class="day">
              <p class="day-name">{day(words, entries[0]?.at ?? 0, Date.now(), timezone)}</p>
              {entries.map((entry, index) => (
                <Row key={`${entry.who}:${entry.id}`} entry={entry} before={entries[index - 1]} timezone={timezone} newest={newest} onPress={onPress} onRetry={onRetry} />
              ))}
            </div>
          ))}
          {chat.typing && <TypingBubble />}
        </div>
      </div>
      {!atEnd && (
        <button type="button" class="to-end icon-button" aria-label={t('chat.newest')} onClick={() => toEnd('smooth')}>
          <Icon name="down" />
        </button>
      )}
    </div>
  );
}

interface RowProps {
  entry: Entry;
  before: Entry | undefined;
  timezone: string;
  newest: string | undefined;
  onPress: (token: string, label: string) => void;
  onRetry: (id: string) => void;
}

function Row({ entry, before, timezone, newest, onPress, onRetry }: RowProps) {
  const follows = before?.who === entry.who;
  if (entry.who === 'me') return <MineBubble mine={entry} follows={follows} timezone={timezone} onRetry={onRetry} />;
  return <TheirsBubble theirs={entry} follows={follows} timezone={timezone} newest={entry.id === newest} onPress={onPress} />;
}

type Box = { readonly current: HTMLElement | null };

/** Keeps the newest message in sight while an image loads, the keyboard opens or the window changes. */
function useStayAtEnd(box: Box, content: Box, atEnd: boolean): void {
  const stay = useRef(atEnd);
  stay.current = atEnd;
  useEffect(() => {
    const observer = new ResizeObserver(() => {
      if (stay.current && box.current) box.current.scrollTop = box.current.scrollHeight;
    });
    for (const { current } of [box, content]) if (current) observer.observe(current);
    return () => observer.disconnect();
  }, [box, content]);
}
