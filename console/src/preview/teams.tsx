import { useLayoutEffect, useRef } from 'preact/hooks';
import { useWords } from '../i18n/index.js';
import { Mark } from '../ui/icons.js';
import { drawCard } from './teams-card.js';
import type { MineProps, TheirsProps } from './types.js';

export function TeamsMine({ entry, time }: MineProps) {
  return (
    <div class="te-message">
      <p class="te-who">{time}</p>
      <p class="te-bubble" dir="auto">
        {entry.text}
      </p>
    </div>
  );
}

/** An activity: its Adaptive Card, drawn by Microsoft's renderer, or its text. */
export function TeamsTheirs({ entry, preview, follows, time, onPress, onForm }: TheirsProps) {
  const { t } = useWords();
  const { text, attachments = [] } = preview.teams;
  return (
    <div class="te-message">
      <span class="te-face">{!follows && <Mark />}</span>
      <div class="te-content" dir={entry.message.direction}>
        <p class="te-who">
          {t('chat.refill')} <span>{time}</span>
        </p>
        {text !== undefined && <p class="te-bubble">{text}</p>}
        {attachments.map(({ content }, index) => (
          <Card key={index} content={content} onPress={onPress} onForm={onForm} />
        ))}
      </div>
    </div>
  );
}

function Card({ content, ...press }: Pick<TheirsProps, 'onPress' | 'onForm'> & { content: unknown }) {
  const box = useRef<HTMLDivElement>(null);
  const latest = useRef(press);
  latest.current = press;
  useLayoutEffect(() => {
    const card = drawCard(content, {
      onPress: (token) => latest.current.onPress(token),
      onForm: (token, values) => latest.current.onForm(token, values),
    });
    box.current?.replaceChildren(...(card ? [card] : []));
  }, [content]);
  return <div ref={box} class="te-card" />;
}
