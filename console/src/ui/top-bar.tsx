import type { Session } from '../api/types.js';
import { LANGUAGES, type Language, useWords } from '../i18n/index.js';
import { Avatar } from '../people/avatar.js';
import { nameOf } from '../people/names.js';
import { Icon, type IconName, Mark } from './icons.js';
import { type Theme, useTheme } from './theme.js';

const THEME_ICONS: Readonly<Record<Theme, IconName>> = { system: 'auto', light: 'sun', dark: 'moon' };

const VIEWS = [
  { view: 'phone', icon: 'phone' },
  { view: 'channels', icon: 'columns' },
] as const;

export type View = (typeof VIEWS)[number]['view'];

interface TopBarProps {
  session: Session | undefined;
  view: View;
  onView: (view: View) => void;
  onLanguage: (language: Language) => void;
  onSwitch: () => void;
  /** Where somebody had to log in. */
  onLeave?: (() => void) | undefined;
}

export function TopBar({ session, view: current, onView, onLanguage, onSwitch, onLeave }: TopBarProps) {
  const words = useWords();
  const { t, language } = words;
  const [theme, nextTheme] = useTheme();
  const name = session && nameOf(words, session.persona, session.subscriber);
  return (
    <header class="top">
      <h1 class="brand">
        <Mark />
        <span>{t('page.title')}</span>
      </h1>
      <p class="tagline">{t('page.tagline')}</p>
      {session && (
        <div class="views" role="group" aria-label={t('page.view')}>
          {VIEWS.map(({ view, icon }) => (
            <button
              key={view}
              type="button"
              data-view={view}
              aria-pressed={view === current}
              onClick={() => onView(view)}
            >
              <Icon name={icon} />
              <span>{t(`page.${view}`)}</span>
            </button>
          ))}
        </div>
      )}
      {session && name && (
        <button type="button" class="who" onClick={onSwitch}>
          <Avatar name={session.persona.name} />
          <span class="who-name">{name}</span>
          <span class="sr-only">{t('page.switch-persona')}</span>
          <Icon name="chevron" />
        </button>
      )}
      <select
        class="language"
        aria-label={t('page.language')}
        value={language}
        onChange={({ currentTarget }) => onLanguage(currentTarget.value as Language)}
      >
        {LANGUAGES.map((code) => (
          <option key={code} value={code} lang={code}>
            {new Intl.DisplayNames(code, { type: 'language' }).of(code)}
          </option>
        ))}
      </select>
      <button
        type="button"
        class="icon-button"
        onClick={nextTheme}
        aria-label={t(`page.theme-${theme}`)}
        title={t(`page.theme-${theme}`)}
      >
        <Icon name={THEME_ICONS[theme]} />
      </button>
      {onLeave && (
        <button
          type="button"
          class="icon-button"
          onClick={onLeave}
          aria-label={t('login.leave')}
          title={t('login.leave')}
        >
          <Icon name="exit" />
        </button>
      )}
    </header>
  );
}
