import { useWords } from '../i18n/index.js';
import { Icon } from '../ui/icons.js';
import type { World } from './types.js';

interface LineProps {
  world: World;
  act: (operation: string, body: unknown) => void;
}

export function Line({ world, act }: LineProps) {
  const { t } = useWords();
  return (
    <div class="card" role="group" aria-labelledby="line-heading">
      <h3 id="line-heading">
        <Icon name="tower" />
        {t('world.line')}
      </h3>
      <Switch label={t('world.roaming-switch')} on={world.roaming} onChange={(on) => act('roaming', { on })} />
      <Switch label={t('world.opt-out-switch')} on={world.optedOut} onChange={(on) => act('opt-out', { on })} />
    </div>
  );
}

function Switch({ label, on, onChange }: { label: string; on: boolean; onChange: (on: boolean) => void }) {
  return (
    <label class="switch">
      <span>{label}</span>
      <input
        type="checkbox"
        role="switch"
        checked={on}
        aria-checked={on}
        onChange={({ currentTarget }) => onChange(currentTarget.checked)}
      />
    </label>
  );
}
