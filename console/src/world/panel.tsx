import { useState } from 'preact/hooks';
import type { Session } from '../api/types.js';
import { useWords } from '../i18n/index.js';
import { nameOf } from '../people/names.js';
import { Burn } from './burn.js';
import { Inbox } from './inbox.js';
import { Line } from './line.js';
import { NextPurchase } from './next-purchase.js';
import { Notify } from './notify.js';
import { Now } from './now.js';
import { TopUp } from './top-up.js';
import type { WorldControls } from './use-world.js';

/** What the operator knows about the subscriber, and the levers to change it. */
export function WorldPanel({ session, world: controls }: { session: Session; world: WorldControls }) {
  const words = useWords();
  const { t } = words;
  const { world, faults, unreachable, outcome, act, arm, reset } = controls;
  const name = nameOf(words, session.persona, session.subscriber);
  return (
    <section class="panel world" aria-labelledby="world-heading" tabIndex={0}>
      <header class="panel-head">
        <h2 id="world-heading">{t('world.heading', { name })}</h2>
        <p>{t('world.lead')}</p>
      </header>
      {unreachable && <p class="trouble">{t('world.unreachable')}</p>}
      {!world && !unreachable && <p class="hint">{t('world.loading')}</p>}
      {world && (
        <>
          <Now world={world} timezone={session.persona.timezone} />
          <Burn world={world} act={act} />
          <TopUp currency={world.currency} act={act} />
          <NextPurchase world={world} faults={faults} arm={arm} />
          <Notify act={act} />
          <Inbox world={world} timezone={session.persona.timezone} />
          <Line world={world} act={act} />
          <Reset reset={reset} />
        </>
      )}
      <p class={outcome && !outcome.ok ? 'trouble' : 'sr-only'} role="status">
        {outcome && (outcome.ok ? t('world.done') : t('world.failed', { detail: outcome.detail }))}
      </p>
    </section>
  );
}

/** Asks once before it wipes everything. */
function Reset({ reset }: { reset: () => void }) {
  const { t } = useWords();
  const [sure, setSure] = useState(false);
  return (
    <button
      type="button"
      class="button danger reset"
      data-sure={sure}
      onBlur={() => setSure(false)}
      onClick={() => {
        if (sure) reset();
        setSure(!sure);
      }}
    >
      {t(sure ? 'world.reset-sure' : 'world.reset')}
    </button>
  );
}
