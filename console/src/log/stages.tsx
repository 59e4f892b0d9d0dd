import { useWords } from '../i18n/index.js';
import { Icon } from '../ui/icons.js';
import { STAGE_ICONS } from './stage-icons.js';
import type { Row } from './store.js';

const PATH = ['webhook', 'turn', 'telco', 'callback', 'send'] as const;

/** The stations of a message; each lights up when something passes through. Decoration beside the list. */
export function Stages({ rows }: { rows: readonly Row[] }) {
  const { t } = useWords();
  return (
    <div class="stages" aria-hidden="true">
      {PATH.map((stage) => {
        const latest = rows.findLast((row) => row.stage === stage)?.number;
        // A new key starts the animation anew each time.
        return (
          <span key={`${stage}${latest}`} class="station" data-stage={stage} data-lit={latest !== undefined}>
            <Icon name={STAGE_ICONS[stage]} />
            <span>{t(`log.${stage}`)}</span>
          </span>
        );
      })}
    </div>
  );
}
