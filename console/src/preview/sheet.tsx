import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { useWords } from '../i18n/index.js';
import { Icon } from '../ui/icons.js';

interface SheetProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}

/** What an app slides over the conversation: WhatsApp's list, Slack's modal. The focus goes in, and back when it closes. */
export function Sheet({ title, onClose, children }: SheetProps) {
  const { t } = useWords();
  const heading = useId();
  const close = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    close.current?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    <div class="sheet-shade">
      <div
        class="sheet"
        role="dialog"
        aria-labelledby={heading}
        onKeyDown={({ key }) => {
          if (key === 'Escape') onClose();
        }}
      >
        <div class="sheet-head">
          <button
            ref={close}
            type="button"
            class="icon-button"
            aria-label={t('people.close')}
            data-sheet-close
            onClick={onClose}
          >
            <Icon name="cross" />
          </button>
          <h3 id={heading} dir="auto">
            {title}
          </h3>
        </div>
        <div class="sheet-body">{children}</div>
      </div>
    </div>
  );
}
