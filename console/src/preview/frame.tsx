import type { ComponentChild } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import type { Persona } from '../api/types.js';
import type { Chat } from '../chat/store.js';
import { useFollow } from '../chat/use-follow.js';
import { clock } from '../i18n/format.js';
import { useWords } from '../i18n/index.js';
import { Mark } from '../ui/icons.js';
import { inPlace } from './in-place.js';
import { SlackMine, SlackTheirs } from './slack.js';
import { TeamsMine, TeamsTheirs } from './teams.js';
import type { ChannelName, DrawnEntry, TheirsProps } from './types.js';
import { WhatsAppMine, WhatsAppTheirs } from './whatsapp.js';

const ROWS = {
  whatsapp: { Mine: WhatsAppMine, Theirs: WhatsAppTheirs, edits: false },
  slack: { Mine: SlackMine, Theirs: SlackTheirs, edits: true },
  teams: { Mine: TeamsMine, Theirs: TeamsTheirs, edits: true },
} as const;

interface FrameProps extends Pick<TheirsProps, 'onPress' | 'onForm'> {
  channel: ChannelName;
  chat: Chat;
  entries: readonly DrawnEntry[];
  persona: Persona;
  /** Whether new messages are read out here: in one frame, not in all. */
  announced: boolean;
}

/** One channel's app with the conversation open. Slack has no right-to-left app: there only the words turn. */
export function Frame({ channel, chat, entries: said, persona, announced, onPress, onForm }: FrameProps) {
  const { t, direction } = useWords();
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const [sheet, setSheet] = useState<ComponentChild>();
  const entries = ROWS[channel].edits ? inPlace(said) : said;
  const shown = useMemo(() => ({ ...chat, entries }), [said.length, said.at(-1)?.id, chat.typing]);
  const { onScroll } = useFollow(box, content, shown);
  const state = chat.connection !== 'open' ? chat.connection : chat.typing ? 'typing' : 'online';
  const name = t(`preview.${channel}`);
  return (
    <section
      class="frame"
      data-channel={channel}
      aria-label={t('preview.as', { channel: name })}
      dir={channel === 'slack' ? 'ltr' : direction}
    >
      <header class="frame-head">
        <span class="frame-face">
          <Mark />
        </span>
        <h2>{t('chat.refill')}</h2>
        <p>{t(`chat.${state}`)}</p>
        <span class="frame-name" aria-hidden="true">
          {name}
        </span>
      </header>
      <div
        ref={box}
        class="frame-thread"
        role="log"
        aria-label={t('preview.log', { channel: name })}
        aria-live={announced && chat.ready ? 'polite' : 'off'}
        tabIndex={0}
        onScroll={onScroll}
      >
        <div ref={content}>
          {entries.map((entry, index) => (
            <Row
              key={`${entry.who}:${entry.id}`}
              channel={channel}
              entry={entry}
              follows={entries[index - 1]?.who === entry.who}
              persona={persona}
              onPress={onPress}
              onForm={onForm}
              onSheet={setSheet}
            />
          ))}
        </div>
      </div>
      {sheet}
    </section>
  );
}

interface RowProps extends Pick<TheirsProps, 'onPress' | 'onForm' | 'onSheet'> {
  channel: ChannelName;
  entry: DrawnEntry;
  follows: boolean;
  persona: Persona;
}

function Row({ channel, entry, follows, persona, ...press }: RowProps) {
  const { t, locale } = useWords();
  const { Mine, Theirs } = ROWS[channel];
  const time = clock(locale, entry.at, persona.timezone);
  if (entry.who === 'me') {
    return (
      <article class="row mine" data-follows={follows}>
        <p class="sr-only">{t('chat.you-said')}</p>
        <Mine entry={entry} follows={follows} time={time} name={persona.name} />
      </article>
    );
  }
  const { message, preview } = entry;
  return (
    <article class="row theirs" data-follows={follows} lang={message.language}>
      <p class="sr-only">{t('chat.refill-said')}</p>
      {preview === undefined ? (
        <p class="not-drawn">{t('preview.failed')}</p>
      ) : (
        <Theirs entry={entry} preview={preview} follows={follows} time={time} {...press} />
      )}
    </article>
  );
}
