import { useWords } from '../i18n/index.js';
import type { Mine } from './store.js';

const SHAPES: Readonly<Record<Mine['state'], string>> = {
  sending: 'M9 14.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM9 6v3.2l2 1.3',
  sent: 'M3.5 9.5 7 13l7.5-8',
  taken: 'M1.5 9.5 5 13l7.5-8M9.5 12.5l.5.5L17.5 5',
  failed: 'M9 14.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM9 6v3.5M9 12v.1',
};

/** How far a message got: a clock, one tick, two ticks; or not at all. */
export function Ticks({ state }: { state: Mine['state'] }) {
  const { t } = useWords();
  return (
    <svg class="ticks" data-state={state} viewBox="0 0 19 18" role="img" aria-label={t(`chat.${state}`)}>
      <path d={SHAPES[state]} />
    </svg>
  );
}
