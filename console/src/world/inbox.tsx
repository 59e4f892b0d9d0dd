import { dayAndTime } from '../i18n/format.js';
import { useWords } from '../i18n/index.js';
import { Icon } from '../ui/icons.js';
import type { World } from './types.js';

/** The subscriber's phone: its number, and what came to it outside of the chat (one-time codes). */
export function Inbox({ world, timezone }: { world: World; timezone: string }) {
  const { t, locale } = useWords();
  return (
    <div class="card" role="group" aria-labelledby="inbox-heading">
      <h3 id="inbox-heading">
        <Icon name="phone" />
        {t('world.phone')}
      </h3>
      <p class="hint">
        <bdi dir="ltr">{`+${world.msisdn}`}</bdi>
      </p>
      {world.messages.length === 0 && <p class="hint">{t('world.no-messages')}</p>}
      <ul class="plans">
        {world.messages.map(({ text, at }) => (
          <li class="plan" key={at}>
            <p class="plan-head">
              <bdi class="plan-name">{text}</bdi>
              <span class="plan-until">{dayAndTime(locale, Date.parse(at), timezone)}</span>
            </p>
          </li>
        ))}
      </ul>
    </div>
  );
}
