import { useState } from 'preact/hooks';
import { useWords } from '../i18n/index.js';
import { Icon } from '../ui/icons.js';
import { armed, SCENARIOS, type Scenario } from './scenarios.js';
import type { Fault, World } from './types.js';

const DELAYS_S = [1, 3, 10, 30] as const;

interface NextPurchaseProps {
  world: World;
  faults: readonly Fault[];
  arm: (scenario: Scenario, delayMs: number) => void;
}

/** How the next purchase goes, well or badly. */
export function NextPurchase({ world, faults, arm }: NextPurchaseProps) {
  const { t } = useWords();
  const [delay, setDelay] = useState(3);
  const current = armed(world, faults);
  return (
    <div class="card" role="group" aria-labelledby="next-heading">
      <h3 id="next-heading">
        <Icon name="cart" />
        {t('world.next')}
      </h3>
      <p class="hint">{t('world.next-hint')}</p>
      <div class="field">
        <label for="next-delay">{t('world.next-delay')}</label>
        <select id="next-delay" value={delay} onChange={({ currentTarget }) => setDelay(Number(currentTarget.value))}>
          {DELAYS_S.map((seconds) => (
            <option key={seconds} value={seconds}>
              {t('world.seconds', { number: seconds })}
            </option>
          ))}
        </select>
      </div>
      {SCENARIOS.map(({ label, scenarios }) => (
        <div key={label} class="scenarios" role="group" aria-label={t(label)}>
          <p class="scenarios-name">{t(label)}</p>
          <div class="buttons">
            {scenarios.map((scenario) => (
              <button
                key={scenario.id}
                type="button"
                class="button choice"
                aria-pressed={scenario.id === current}
                onClick={() => arm(scenario, delay * 1000)}
              >
                {t(scenario.label)}
              </button>
            ))}
          </div>
        </div>
      ))}
    </div>
  );
}
