import { percent } from '../i18n/format.js';
import { useWords } from '../i18n/index.js';
import { Icon } from '../ui/icons.js';
import { shareUntilLow } from './scenarios.js';
import type { World } from './types.js';

const SHARES = [0.1, 0.5] as const;

export function Burn({ world, act }: { world: World; act: (operation: string, body: unknown) => void }) {
  const { t, locale } = useWords();
  const untilLow = shareUntilLow(world);
  return (
    <div class="card" role="group" aria-labelledby="burn-heading">
      <h3 id="burn-heading">
        <Icon name="flame" />
        {t('world.burn')}
      </h3>
      <div class="buttons">
        {SHARES.map((share) => (
          <button key={share} type="button" class="button" onClick={() => act('burn', { share })}>
            {t('world.burn-share', { share: percent(locale, share) })}
          </button>
        ))}
        <button type="button" class="button" disabled={untilLow === 0} onClick={() => act('burn', { share: untilLow })}>
          {t('world.burn-low')}
        </button>
        <button type="button" class="button" onClick={() => act('burn', { share: 1 })}>
          {t('world.burn-all')}
        </button>
      </div>
    </div>
  );
}
