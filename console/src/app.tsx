import type { ComponentChild } from 'preact';
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { Login } from './access/login.js';
import { useAccess } from './access/use-access.js';
import type { Session } from './api/types.js';
import { Phone } from './chat/phone.js';
import { useChat } from './chat/use-chat.js';
import { LANGUAGES, type Language, useWords, WordsProvider, wordsFor } from './i18n/index.js';
import { LinkBanner } from './link/banner.js';
import { LogPanel } from './log/panel.js';
import { useLive } from './log/use-live.js';
import { Picker } from './people/picker.js';
import { usePeople } from './people/use-people.js';
import { LazySideBySide } from './preview/lazy.js';
import { recall, remember } from './ui/storage.js';
import { type Pane, TabBar } from './ui/tab-bar.js';
import { TopBar } from './ui/top-bar.js';
import { WorldPanel } from './world/panel.js';
import { useWorld } from './world/use-world.js';

/** The page: the door where one has to log in, and what is behind it. */
export function App() {
  const [language, setLanguage] = useState<Language>(firstLanguage);
  const words = useMemo(() => wordsFor(language), [language]);
  const access = useAccess();

  useEffect(() => {
    document.documentElement.lang = words.language;
    document.documentElement.dir = words.direction;
    remember('language', words.language);
  }, [words]);

  const { view } = access;
  const banner = view?.role === 'admin' && <LinkBanner />;
  return (
    <WordsProvider value={words}>
      <div class="shell">
        {view?.state === 'in' && view.trial ? (
          <Inside banner={banner} onLanguage={setLanguage} onLeave={view.login === 'open' ? undefined : access.leave} />
        ) : (
          <>
            <TopBar session={undefined} view="phone" onView={ignore} onLanguage={setLanguage} onSwitch={ignore} />
            {banner}
            <Login access={access} />
          </>
        )}
      </div>
    </WordsProvider>
  );
}

const ignore = () => {};

interface InsideProps {
  banner: ComponentChild;
  onLanguage: (language: Language) => void;
  onLeave: (() => void) | undefined;
}

/** Who you are, the phone, the world behind it, and what travels between them. */
function Inside({ banner, onLanguage, onLeave }: InsideProps) {
  const people = usePeople();
  const [picking, setPicking] = useState(false);
  const [pane, setPane] = useState<Pane>(firstPane);

  const { session } = people;
  return (
    <>
      <TopBar
        session={session}
        view={pane === 'channels' ? 'channels' : 'phone'}
        onView={(view) => setPane(view === 'channels' ? 'channels' : firstPane())}
        onLanguage={onLanguage}
        onSwitch={() => setPicking(true)}
        onLeave={onLeave}
      />
      {banner}
      {session && (
        <Trial key={session.conversation} session={session} renew={people.renew} pane={pane} onPane={setPane} />
      )}
      {!session && <Waiting failed={people.failed} onRetry={people.retry} />}
      {(picking || people.mustChoose) && people.personas && (
        <Picker
          personas={people.personas}
          current={session?.subscriber}
          onPick={(id) => {
            setPicking(false);
            people.become(id);
          }}
          onClose={session ? () => setPicking(false) : undefined}
        />
      )}
    </>
  );
}

interface TrialProps {
  session: Session;
  renew: () => Promise<void>;
  pane: Pane;
  onPane: (pane: Pane) => void;
}

/** One subscriber's trial: everything in it starts over when somebody else is chosen. */
function Trial({ session, renew, pane, onPane }: TrialProps) {
  const controls = useChat(session, renew);
  const world = useWorld(session.subscriber);
  const { refreshSoon } = world;
  const live = useLive(useCallback((event) => changesWorld(event.stage) && refreshSoon(), [refreshSoon]));
  const chatWords = useMemo(() => wordsFor(session.persona.locale), [session]);

  return (
    <>
      <main class="panes" data-pane={pane}>
        <WordsProvider value={chatWords}>
          {pane === 'channels' ? (
            <LazySideBySide session={session} controls={controls} />
          ) : (
            <Phone persona={session.persona} controls={controls} />
          )}
        </WordsProvider>
        <WorldPanel session={session} world={world} />
        <LogPanel conversation={session.conversation} live={live} />
      </main>
      <TabBar pane={pane} onPane={onPane} />
    </>
  );
}

function Waiting({ failed, onRetry }: { failed: boolean; onRetry: () => void }) {
  const { t } = useWords();
  return (
    <main class="waiting">
      <p role="status">{t(failed ? 'page.unreachable' : 'page.loading')}</p>
      {failed && (
        <button type="button" class="button" onClick={onRetry}>
          {t('page.retry')}
        </button>
      )}
    </main>
  );
}

function changesWorld(stage: string): boolean {
  return stage === 'telco' || stage === 'callback' || stage === 'sandbox';
}

/** Where only one part fits, the chat; where the phone is always in sight, the world beside it. */
function firstPane(): Pane {
  return matchMedia('(max-width: 759px)').matches ? 'chat' : 'world';
}

function firstLanguage(): Language {
  const wanted = [recall('language') ?? '', ...navigator.languages].map((tag) => tag.toLowerCase().split('-')[0]);
  const known = wanted.find((tag) => LANGUAGES.some((language) => language === tag));
  return (known as Language | undefined) ?? 'en';
}
