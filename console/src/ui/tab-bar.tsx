import { useWords } from '../i18n/index.js';
import { Icon, type IconName } from './icons.js';

export type Pane = 'chat' | 'world' | 'log' | 'channels';

const PANES: readonly { pane: Pane; icon: IconName }[] = [
  { pane: 'chat', icon: 'chat' },
  { pane: 'world', icon: 'world' },
  { pane: 'log', icon: 'pulse' },
  { pane: 'channels', icon: 'columns' },
];

/** Which part of the page is seen where there is no room for all of them. */
export function TabBar({ pane: current, onPane }: { pane: Pane; onPane: (pane: Pane) => void }) {
  const { t } = useWords();
  return (
    <nav class="tabs" aria-label={t('page.panes')}>
      {PANES.map(({ pane, icon }) => (
        <button key={pane} type="button" data-tab={pane} aria-pressed={pane === current} onClick={() => onPane(pane)}>
          <Icon name={icon} />
          <span>{t(`page.${pane}`)}</span>
        </button>
      ))}
    </nav>
  );
}
