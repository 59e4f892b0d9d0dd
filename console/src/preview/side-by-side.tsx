import { useState } from 'preact/hooks';
import type { Session } from '../api/types.js';
import { Composer } from '../chat/composer.js';
import type { ChatControls } from '../chat/use-chat.js';
import { useWords } from '../i18n/index.js';
import { Frame } from './frame.js';
import { CHANNELS, type ChannelName } from './types.js';
import { usePreviews } from './use-previews.js';
import './side-by-side.css';
import './whatsapp.css';
import './slack.css';
import './teams.css';

export interface SideBySideProps {
  session: Session;
  controls: ChatControls;
}

/** The same conversation as each channel would draw it, from what it would be sent. What is pressed in one counts in all. */
export function SideBySide({ session, controls }: SideBySideProps) {
  const { t, language, direction } = useWords();
  const [looking, setLooking] = useState<ChannelName>('whatsapp');
  const { chat, say, press, fill } = controls;
  const entries = usePreviews(chat.entries);
  // A channel may have shortened what the button says; it says it in full here.
  const labelOf = (token: string) => {
    const messages = chat.entries.flatMap((entry) => (entry.who === 'refill' ? entry.message : []));
    return messages.flatMap(({ actions }) => actions).find((action) => action.token === token)?.label ?? '';
  };
  return (
    <section class="side" aria-label={t('preview.heading')} lang={language} dir={direction}>
      <div class="frame-switch" role="group" aria-label={t('preview.channels')}>
        {CHANNELS.map((channel) => (
          <button
            key={channel}
            type="button"
            aria-pressed={channel === looking}
            data-frame={channel}
            onClick={() => setLooking(channel)}
          >
            {t(`preview.${channel}`)}
          </button>
        ))}
      </div>
      <div class="frames" data-looking={looking}>
        {CHANNELS.map((channel) => (
          <Frame
            key={channel}
            channel={channel}
            chat={chat}
            entries={entries}
            persona={session.persona}
            announced={channel === looking}
            onPress={(token, label) => press(token, label ?? labelOf(token))}
            onForm={fill}
          />
        ))}
      </div>
      <Composer onSay={say} />
    </section>
  );
}
