import type { Persona } from '../api/types.js';
import { useWords } from '../i18n/index.js';
import { Mark } from '../ui/icons.js';
import { Composer } from './composer.js';
import { StatusBar } from './status-bar.js';
import { Thread } from './thread.js';
import type { ChatControls } from './use-chat.js';

/** The subscriber's phone with the chat open, in the subscriber's language and direction. */
export function Phone({ persona, controls }: { persona: Persona; controls: ChatControls }) {
  const { t, language, direction } = useWords();
  const { chat, say, press, retry } = controls;
  const state = chat.connection !== 'open' ? chat.connection : chat.typing ? 'typing' : 'online';
  return (
    <section class="phone" aria-label={t('chat.with')} lang={language} dir={direction}>
      <StatusBar persona={persona} />
      <header class="phone-head">
        <span class="phone-face">
          <Mark />
        </span>
        <h2>{t('chat.refill')}</h2>
        <p data-state={state}>{t(`chat.${state}`)}</p>
      </header>
      <Thread chat={chat} timezone={persona.timezone} onPress={press} onRetry={retry} />
      <Composer onSay={say} />
    </section>
  );
}
