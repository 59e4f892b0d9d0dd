import { useEffect, useState } from 'preact/hooks';
import { type Key, useWords } from '../i18n/index.js';
import { Icon } from '../ui/icons.js';
import { useLink } from './use-link.js';

/** Nobody needs to be told for long that all is well; in milliseconds. */
const GOOD_NEWS_MS = 10_000;

const STEPS: readonly Key[] = ['link.step-open', 'link.step-devices', 'link.step-scan'];

/** How WhatsApp Web's link to a phone stands, and the code that makes one. Nothing while that transport is off. */
export function LinkBanner() {
  const { t } = useWords();
  const link = useLink();
  const [hidden, setHidden] = useState(false);
  const state = link?.state;
  useEffect(() => {
    setHidden(false);
    if (state !== 'connected') return undefined;
    const timer = setTimeout(() => setHidden(true), GOOD_NEWS_MS);
    return () => clearTimeout(timer);
  }, [state]);

  if (link === undefined || link.state === 'off') return null;
  if (hidden && link.state === 'connected') return null;
  return (
    <aside class="link" data-state={link.state} aria-label={t('link.label')}>
      <div class="link-line">
        <Icon name="phone" />
        <p role="status">{t(`link.${link.state}`)}</p>
        {link.state === 'disconnected' && <code dir="ltr">{link.why}</code>}
        {link.state === 'scan' && (
          <button type="button" class="button" aria-expanded={!hidden} onClick={() => setHidden(!hidden)}>
            {t(hidden ? 'link.show' : 'link.hide')}
          </button>
        )}
      </div>
      {link.state === 'scan' && !hidden && (
        <div class="link-code">
          <img
            src={`data:image/svg+xml,${encodeURIComponent(link.qr)}`}
            alt={t('link.code')}
            width={200}
            height={200}
          />
          <ol>
            {STEPS.map((key) => (
              <li key={key}>{t(key)}</li>
            ))}
          </ol>
        </div>
      )}
    </aside>
  );
}
