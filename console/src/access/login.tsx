import { useState } from 'preact/hooks';
import { useWords } from '../i18n/index.js';
import { Mark } from '../ui/icons.js';
import type { Access } from './use-access.js';

/** The door: a way in, or what is wrong; once inside and with nothing to show, who one is. */
export function Login({ access }: { access: Access }) {
  const { t } = useWords();
  const { view, trouble, unreachable, retry } = access;
  return (
    <main class="door">
      <section class="door-card" aria-labelledby="door-heading">
        <Mark />
        <h2 id="door-heading">{t('login.heading')}</h2>
        {trouble && (
          <p class="door-trouble" role="alert">
            {t(`login.${trouble}`)}
          </p>
        )}
        {unreachable && (
          <>
            <p role="status">{t('page.unreachable')}</p>
            <button type="button" class="button" onClick={retry}>
              {t('page.retry')}
            </button>
          </>
        )}
        {!view && !unreachable && <p role="status">{t('page.loading')}</p>}
        {view?.state === 'in' && <Inside access={access} />}
        {view?.state === 'out' && (view.login === 'oidc' ? <WithIssuer /> : <WithToken access={access} />)}
      </section>
    </main>
  );
}

function WithIssuer() {
  const { t } = useWords();
  return (
    <>
      <p>{t('login.issuer-text')}</p>
      <a class="button door-go" href="/console/login">
        {t('login.issuer-go')}
      </a>
    </>
  );
}

function WithToken({ access: { enter, busy } }: { access: Access }) {
  const { t } = useWords();
  const [token, setToken] = useState('');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        enter(token);
      }}
    >
      <p id="door-hint">{t('login.token-text')}</p>
      <label for="door-token">{t('login.token-label')}</label>
      <input
        id="door-token"
        type="password"
        dir="ltr"
        autocomplete="one-time-code"
        spellcheck={false}
        required
        aria-describedby="door-hint"
        value={token}
        onInput={({ currentTarget }) => setToken(currentTarget.value)}
      />
      <button type="submit" class="button door-go" disabled={busy}>
        {t('login.token-go')}
      </button>
    </form>
  );
}

function Inside({ access: { view, leave } }: { access: Access }) {
  const { t } = useWords();
  return (
    <>
      <p>{view?.name ? t('login.inside-as', { name: view.name }) : t('login.inside')}</p>
      <p class="door-hint">{t('login.nothing-here')}</p>
      <button type="button" class="button" onClick={leave}>
        {t('login.leave')}
      </button>
    </>
  );
}
