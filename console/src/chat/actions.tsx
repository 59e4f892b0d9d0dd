import type { Action } from '../../../bot/message/message.js';
import type { Message } from '../api/types.js';
import { useWords } from '../i18n/index.js';

/** The actions that are not already drawn as the button of an offer. */
export function actionsBelow(message: Message): readonly Action[] {
  const inOffers = new Set(
    message.blocks.flatMap((block) => (block.type === 'offers' ? block.offers.map(({ action }) => action) : [])),
  );
  return message.actions.filter((_, index) => !inOffers.has(index));
}

interface ActionsProps {
  actions: readonly Action[];
  onPress: (token: string, label: string) => void;
}

export function Actions({ actions, onPress }: ActionsProps) {
  const { t } = useWords();
  if (actions.length === 0) return null;
  return (
    <div class="actions" role="group" aria-label={t('chat.choices')}>
      {actions.map(({ token, label, style }) => (
        <button key={token} type="button" class="action" data-style={style} onClick={() => onPress(token, label)}>
          {label}
        </button>
      ))}
    </div>
  );
}
