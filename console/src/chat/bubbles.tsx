import { clock } from '../i18n/format.js';
import { useWords } from '../i18n/index.js';
import { Actions, actionsBelow } from './actions.js';
import { BlockView } from './blocks.js';
import type { Mine, Theirs } from './store.js';
import { Ticks } from './ticks.js';

interface MineProps {
  mine: Mine;
  /** True when the one before is by the same author. */
  follows: boolean;
  timezone: string;
  onRetry: (id: string) => void;
}

export function MineBubble({ mine, follows, timezone, onRetry }: MineProps) {
  const { t, locale } = useWords();
  return (
    <article class="row mine" data-follows={follows}>
      <div class="bubble">
        <p class="sr-only">{t('chat.you-said')}</p>
        <p class="said" dir="auto">
          {mine.text}
        </p>
        <p class="meta">
          <time dateTime={new Date(mine.at).toISOString()}>{clock(locale, mine.at, timezone)}</time>
          <Ticks state={mine.state} />
        </p>
      </div>
      {mine.state === 'failed' && (
        <button type="button" class="retry" onClick={() => onRetry(mine.id)}>
          {t('chat.retry')}
        </button>
      )}
    </article>
  );
}

interface TheirsProps {
  theirs: Theirs;
  follows: boolean;
  timezone: string;
  /** True for the last thing Refill said: its choices are the ones that count. */
  newest: boolean;
  onPress: (token: string, label: string) => void;
}

export function TheirsBubble({ theirs, follows, timezone, newest, onPress }: TheirsProps) {
  const { t, locale } = useWords();
  const { message, at } = theirs;
  const wide = message.blocks.some(({ type }) => type === 'offers' || type === 'gauge' || type === 'facts');
  return (
    <article
      class="row theirs"
      data-follows={follows}
      data-newest={newest}
      lang={message.language}
      dir={message.direction}
    >
      <div class="bubble" data-wide={wide}>
        <p class="sr-only">{t('chat.refill-said')}</p>
        {message.blocks.map((block, index) => (
          <BlockView key={index} block={block} message={message} onPress={onPress} />
        ))}
        <p class="meta">
          <time dateTime={new Date(at).toISOString()}>{clock(locale, at, timezone)}</time>
        </p>
      </div>
      <Actions actions={actionsBelow(message)} onPress={onPress} />
    </article>
  );
}

export function TypingBubble() {
  const { t } = useWords();
  return (
    <div class="row theirs typing">
      <div class="bubble">
        <p class="sr-only">{t('chat.typing')}</p>
        <span class="dots" aria-hidden="true">
          <i />
          <i />
          <i />
        </span>
      </div>
    </div>
  );
}
