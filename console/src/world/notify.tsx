import { NOTIFICATION_TYPES } from '../../../bot/domain/notification.js';
import { useWords } from '../i18n/index.js';
import { Icon } from '../ui/icons.js';

/** Makes the operator tell Refill something about the subscriber, true or not. */
export function Notify({ act }: { act: (operation: string, body: unknown) => void }) {
  const { t } = useWords();
  return (
    <div class="card" role="group" aria-labelledby="notify-heading">
      <h3 id="notify-heading">
        <Icon name="bell" />
        {t('world.notify')}
      </h3>
      <div class="buttons">
        {NOTIFICATION_TYPES.map((type) => (
          <button key={type} type="button" class="button" onClick={() => act('notify', { type })}>
            {t(`world.notify-${type}`)}
          </button>
        ))}
      </div>
    </div>
  );
}
