import type { Action, OfferCard } from '../../../bot/message/message.js';
import { useWords } from '../i18n/index.js';
import { Facts } from './blocks.js';

interface OfferProps {
  offer: OfferCard;
  /** What picks the offer; absent for one that can only be looked at. */
  action: Action | undefined;
  onPress: (token: string, label: string) => void;
}

export function OfferView({ offer, action, onPress }: OfferProps) {
  const { title, price, description, facts, badge } = offer;
  return (
    <li class="offer">
      <div class="offer-head">
        <h4>{title}</h4>
        {badge && <span class="badge">{badge}</span>}
      </div>
      <p class="offer-price">{price}</p>
      {description && <p class="offer-text">{description}</p>}
      <Facts facts={facts} />
      {action && (
        <button type="button" class="offer-buy" onClick={() => onPress(action.token, action.label)}>
          <ButtonWords label={action.label} title={title} />
        </button>
      )}
    </li>
  );
}

/** A label that only repeats the card it stands on is for screen readers; the eye gets one word. */
function ButtonWords({ label, title }: { label: string; title: string }) {
  const { t } = useWords();
  if (!label.includes(title)) return <>{label}</>;
  return (
    <>
      <span>{t('chat.choose')}</span> <span class="sr-only">{label}</span>
    </>
  );
}
