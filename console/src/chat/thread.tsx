import { useRef } from 'preact/hooks';
import { day } from '../i18n/format.js';
import { useWords } from '../i18n/index.js';
import { Icon } from '../ui/icons.js';
import { MineBubble, TheirsBubble, TypingBubble } from './bubbles.js';
import { byDay, type Chat, type Entry } from './store.js';
import { useFollow } from './use-follow.js';

interface ThreadProps {
  chat: Chat;
  timezone: string;
  onPress: (token: string, label: string) => void;
  onRetry: (id: string) => void;
}

export function Thread({ chat, timezone, onPress, onRetry }: ThreadProps) {
  const words = useWords();
  const { t } = words;
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const { atEnd, unseen, onScroll, toEnd } = useFollow(box, content, chat);
  const newest = chat.entries.findLast(({ who }) => who === 'refill')?.id;

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
        onScroll={onScroll}
      >
        <div ref={content} class="thread-content">
          {byDay(chat.entries, timezone).map(({ day: key, entries }) => (
            <div key={key} class="day">
              <p class="day-name">{day(words, entries[0]?.at ?? 0, Date.now(), timezone)}</p>
              {entries.map((entry, index) => (
                <Row
                  key={`${entry.who}:${entry.id}`}
                  entry={entry}
                  follows={entries[index - 1]?.who === entry.who}
                  newest={entry.id === newest}
                  timezone={timezone}
                  onPress={onPress}
                  onRetry={onRetry}
                />
              ))}
            </div>
          ))}
          {chat.typing && <TypingBubble />}
        </div>
      </div>
      {!atEnd && (
        <button
          type="button"
          class="to-end icon-button"
          data-unseen={unseen}
          aria-label={t('chat.newest')}
          onClick={toEnd}
        >
          <Icon name="down" />
        </button>
      )}
    </div>
  );
}

interface RowProps {
  entry: Entry;
  follows: boolean;
  newest: boolean;
  timezone: string;
  onPress: (token: string, label: string) => void;
  onRetry: (id: string) => void;
}

function Row({ entry, onPress, onRetry, newest, ...common }: RowProps) {
  if (entry.who === 'me') return <MineBubble mine={entry} onRetry={onRetry} {...common} />;
  return <TheirsBubble theirs={entry} newest={newest} onPress={onPress} {...common} />;
}
