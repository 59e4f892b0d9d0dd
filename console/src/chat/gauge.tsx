import type { GaugeBlock } from '../../../bot/message/message.js';
import { percent } from '../i18n/format.js';
import { useWords } from '../i18n/index.js';

/** A dial of three quarters of a circle, as on a dashboard. */
const RADIUS = 19;
const ARC = 2 * Math.PI * RADIUS * 0.75;

/** How full, as a dial, in colour and in words. */
export function GaugeView({ gauge, locale }: { gauge: GaugeBlock; locale: string }) {
  const { t } = useWords();
  const { label, caption, level, share } = gauge;
  return (
    <div class="gauge" data-level={level}>
      <div
        class="dial"
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share * 100)}
        aria-valuetext={caption}
      >
        <svg viewBox="0 0 48 48" aria-hidden="true">
          <circle class="dial-track" cx="24" cy="24" r={RADIUS} stroke-dasharray={`${ARC} 999`} />
          {share > 0 && (
            <circle
              class="dial-fill"
              cx="24"
              cy="24"
              r={RADIUS}
              stroke-dasharray={`${Math.max(0.1, share * ARC)} 999`}
            />
          )}
        </svg>
        <span class="dial-number" aria-hidden="true">
          {level === 'unlimited' ? '∞' : percent(locale, share)}
        </span>
      </div>
      <div class="gauge-words">
        <p class="gauge-label">{label}</p>
        <p class="gauge-caption">{caption}</p>
      </div>
      <span class="level">{t(`chat.${level}`)}</span>
    </div>
  );
}
