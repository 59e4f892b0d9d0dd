import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useWords } from '../i18n/index.js';
import { Icon, type IconName } from '../ui/icons.js';

const MAX_LENGTH = 10_000;

const MENU: readonly { key: 'balance' | 'offers' | 'purchases' | 'top-up' | 'settings' | 'help'; icon: IconName }[] = [
  { key: 'balance', icon: 'gauge' },
  { key: 'offers', icon: 'tag' },
  { key: 'purchases', icon: 'receipt' },
  { key: 'top-up', icon: 'coin' },
  { key: 'settings', icon: 'settings' },
  { key: 'help', icon: 'help' },
];

/** Where the subscriber writes; Enter sends, Shift+Enter begins a line. */
export function Composer({ onSay }: { onSay: (text: string) => void }) {
  const { t } = useWords();
  const [text, setText] = useState('');
  const [menu, setMenu] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);

  useLayoutEffect(() => {
    if (!field.current) return;
    field.current.style.height = 'auto';
    field.current.style.height = `${field.current.scrollHeight}px`;
  }, [text]);

  useEffect(() => {
    const onKey = ({ key }: KeyboardEvent) => key === 'Escape' && setMenu(false);
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);

  const send = () => {
    if (text.trim() !== '') onSay(text.trim());
    setText('');
  };

  return (
    <div class="composer-area">
      {menu && (
        <QuickMenu
          onChoose={(words) => {
            setMenu(false);
            onSay(words);
            field.current?.focus();
          }}
        />
      )}
      <form
        class="composer"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <button
          type="button"
          class="icon-button"
          aria-label={t('chat.menu')}
          aria-expanded={menu}
          aria-controls="quick-menu"
          onClick={() => setMenu(!menu)}
        >
          <Icon name={menu ? 'cross' : 'menu'} />
        </button>
        <textarea
          ref={field}
          rows={1}
          dir="auto"
          maxLength={MAX_LENGTH}
          placeholder={t('chat.placeholder')}
          aria-label={t('chat.placeholder')}
          enterkeyhint="send"
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
          onKeyDown={(event) => {
            // While an input method is composing a character, Enter belongs to it.
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
        <button type="submit" class="send" aria-label={t('chat.send')} disabled={text.trim() === ''}>
          <Icon name="send" />
        </button>
      </form>
    </div>
  );
}

/** What one can always ask for: a tap says the words. */
function QuickMenu({ onChoose }: { onChoose: (words: string) => void }) {
  const { t } = useWords();
  return (
    <div id="quick-menu" class="quick-menu" role="group" aria-label={t('chat.menu')}>
      {MENU.map(({ key, icon }) => (
        <button key={key} type="button" onClick={() => onChoose(t(`chat.menu-${key}`))}>
          <Icon name={icon} />
          <span>{t(`chat.menu-${key}`)}</span>
        </button>
      ))}
    </div>
  );
}
