import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { stopwatch } from '../i18n/format.js';
import { useWords } from '../i18n/index.js';
import { Icon } from '../ui/icons.js';
import { STAGE_ICONS } from './stage-icons.js';
import { Stages } from './stages.js';
import { about, type Row } from './store.js';
import type { LiveLog } from './use-live.js';

export function LogPanel({ conversation, live }: { conversation: string; live: LiveLog }) {
  const { t } = useWords();
  const { log, dispatch } = live;
  const [onlyMine, setOnlyMine] = useState(true);
  const rows = about(log.rows, onlyMine ? conversation : undefined);
  const waiting = about(log.waiting, onlyMine ? conversation : undefined);
  return (
    <section class="panel log" aria-labelledby="log-heading">
      <header class="panel-head">
        <h2 id="log-heading">{t('log.heading')}</h2>
        <p>{t('log.lead')}</p>
      </header>
      <Stages rows={rows} />
      <div class="log-tools">
        <label class="check">
          <input
            type="checkbox"
            checked={onlyMine}
            onChange={({ currentTarget }) => setOnlyMine(currentTarget.checked)}
          />
          <span>{t('log.mine')}</span>
        </label>
        <button type="button" class="button" onClick={() => dispatch({ type: log.paused ? 'resume' : 'pause' })}>
          <Icon name={log.paused ? 'play' : 'pause'} />
          {t(log.paused ? 'log.resume' : 'log.pause')}
        </button>
        <button type="button" class="button" onClick={() => dispatch({ type: 'clear' })}>
          <Icon name="trash" />
          {t('log.clear')}
        </button>
      </div>
      {!log.connected && <p class="trouble">{t('log.lost')}</p>}
      {log.paused && <p class="hint">{t('log.paused', { count: waiting.length })}</p>}
      <Rows rows={rows} />
    </section>
  );
}

/** Follows the newest row unless its reader scrolled away from it. */
function Rows({ rows }: { rows: readonly Row[] }) {
  const { t } = useWords();
  const box = useRef<HTMLOListElement>(null);
  const following = useRef(true);
  useLayoutEffect(() => {
    if (following.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [rows]);
  if (rows.length === 0) return <p class="log-empty">{t('log.empty')}</p>;
  return (
    <ol
      ref={box}
      class="rows"
      aria-label={t('log.rows')}
      tabIndex={0}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        following.current = scrollHeight - scrollTop - clientHeight < 40;
      }}
    >
      {rows.map((row, index) => (
        <RowView key={row.number} row={row} pause={row.at - (rows[index - 1]?.at ?? row.at)} />
      ))}
    </ol>
  );
}

/** After this long without anything, in milliseconds, a new story begins. */
const STORY_MS = 1500;

function RowView({ row, pause }: { row: Row; pause: number }) {
  const { t, locale } = useWords();
  const { stage, at, title, ms, ok, detail } = row;
  return (
    <li class="event" data-stage={stage} data-ok={ok} data-story={pause > STORY_MS}>
      <time dateTime={new Date(at).toISOString()}>{stopwatch(at)}</time>
      <span class="stage" title={t(`log.${stage}`)}>
        <Icon name={STAGE_ICONS[stage]} />
        <span>{t(`log.${stage}`)}</span>
      </span>
      <span class="event-title" dir="auto">
        {title}
        {detail && <span class="event-detail">{detail}</span>}
      </span>
      <span class="event-ms" dir="ltr" data-slow={(ms ?? 0) > 1000}>
        {ms !== undefined &&
          t('log.ms', { number: new Intl.NumberFormat(locale, { maximumFractionDigits: ms < 10 ? 1 : 0 }).format(ms) })}
      </span>
      <span class="event-ok" role="img" aria-label={t(ok ? 'log.ok' : 'log.not-ok')}>
        <Icon name={ok ? 'check' : 'cross'} />
      </span>
    </li>
  );
}
