import { useWords } from '../i18n/index.js';
import { Icon } from '../ui/icons.js';
import { STAGE_ICONS } from './panel.js';
import type { Row } from './store.js';

const PATH = ['webhook', 'turn', 'telco', 'callback', 'send'] as const;

/** The stations of a message; the one something just passed through lights up. Decoration beside the list. */
export function Stages({ latest }: { latest: Row | undefined }) {
  const { t } = useWords();
  return (
    <div class="stages" aria-hidden="true">
      {PATH.map((stage) => (
        // A new key starts the animation anew each time.
        <span key={latest?.stage === stage ? `${stage}${latest.number}` : stage} class="station" data-stage={stage} data-lit={latest?.stage === stage}>
          <Icon name={STAGE_ICONS[stage]} />
          <span>{t(`log.${stage}`)}</span>
        </span>
      ))}
    </div>
  );
}
