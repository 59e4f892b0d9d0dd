import { Ticks } from '../chat/ticks.js';
import { useWords } from '../i18n/index.js';
import { Icon } from '../ui/icons.js';
import { Bold } from './bold.js';
import { Sheet } from './sheet.js';
import type {
  MineProps,
  TheirsProps,
  WhatsAppContent,
  WhatsAppInteractive,
  WhatsAppList,
  WhatsAppTemplate,
} from './types.js';

export function WhatsAppMine({ entry, time }: MineProps) {
  return (
    <div class="wa-bubble">
      <Text text={entry.text} />
      <p class="wa-meta">
        <span>{time}</span>
        <Ticks state={entry.state} />
      </p>
    </div>
  );
}

/** A Cloud API message: header, body, footer, and under them what can be pressed. */
export function WhatsAppTheirs({ preview, time, onPress, onSheet }: TheirsProps) {
  const { t } = useWords();
  const { whatsapp, hidden, notice } = preview;
  if (whatsapp === null) return null;
  const shared = { time, onPress, onSheet };
  return (
    <>
      <Bubble content={whatsapp} {...shared} />
      {hidden && (
        <>
          <p class="wa-late">{t('preview.number-hidden')}</p>
          <Bubble content={hidden} {...shared} />
        </>
      )}
      {notice && <Template notice={notice} time={time} onPress={onPress} />}
    </>
  );
}

interface BubbleProps extends Pick<TheirsProps, 'time' | 'onPress' | 'onSheet'> {
  content: WhatsAppContent;
}

function Bubble({ content, time, onPress, onSheet }: BubbleProps) {
  const interactive = content.type === 'interactive' ? content.interactive : undefined;
  return (
    <div class="wa-bubble" data-wide={interactive !== undefined}>
      <Said content={content} />
      <p class="wa-meta">
        <span>{time}</span>
      </p>
      {interactive && <Buttons interactive={interactive} onPress={onPress} onSheet={onSheet} />}
    </div>
  );
}

interface TemplateProps extends Pick<TheirsProps, 'onPress'> {
  notice: WhatsAppTemplate;
  time: string;
}

/** The same news where the 24 hours are over: the template that WhatsApp is sent instead. */
function Template({ notice: { name, language, body, footer, buttons }, time, onPress }: TemplateProps) {
  const { t } = useWords();
  return (
    <>
      <p class="wa-late">
        {t('preview.after-a-day')} <code dir="ltr">{name}</code>
      </p>
      <div class="wa-bubble" data-wide="true" data-template={name} lang={language}>
        <Text text={body} />
        {footer !== undefined && (
          <p class="wa-footer" dir={directionOf(footer)}>
            {footer}
          </p>
        )}
        <p class="wa-meta">
          <span>{time}</span>
        </p>
        <div class="wa-buttons">
          {buttons.map(({ text, payload }) => (
            <button key={payload} type="button" onClick={() => onPress(payload, text)}>
              <Icon name="reply" />
              <Label text={text} />
            </button>
          ))}
        </div>
      </div>
    </>
  );
}

function Said({ content }: { content: WhatsAppContent }) {
  switch (content.type) {
    case 'text':
      return <Text text={content.text.body} />;
    case 'image':
      return (
        <>
          <img class="wa-image" src={content.image.link} alt="" />
          {content.image.caption !== undefined && <Text text={content.image.caption} />}
        </>
      );
    case 'interactive': {
      const { header, body, footer } = content.interactive;
      return (
        <>
          {header?.type === 'image' && <img class="wa-image" src={header.image.link} alt="" />}
          {header?.type === 'text' && (
            <h3 class="wa-header" dir={directionOf(header.text)}>
              {header.text}
            </h3>
          )}
          <Text text={body.text} />
          {footer && (
            <p class="wa-footer" dir={directionOf(footer.text)}>
              {footer.text}
            </p>
          )}
        </>
      );
    }
  }
}

/** Every line runs by its own first letter, as WhatsApp lays it out. */
function Text({ text }: { text: string }) {
  return (
    <p class="wa-text">
      {text.split('\n').map((line, index) => (
        <span key={index} dir={directionOf(line)}>
          <Bold text={line} />
        </span>
      ))}
    </p>
  );
}

/** Words that stand where the app puts them, and run by their own first letter. */
function Label({ text }: { text: string }) {
  return <bdi dir={directionOf(text)}>{text}</bdi>;
}

const ISOLATED = /[\u2066-\u2068][^\u2066-\u2069]*\u2069/g;

/** `undefined` for a line without letters, which runs as the app does. Not `dir="auto"`: that counts isolated words too. */
function directionOf(line: string): 'ltr' | 'rtl' | undefined {
  const first = /[\p{L}\u200e\u200f]/u.exec(line.replace(ISOLATED, ''))?.[0];
  if (first === undefined) return undefined;
  return /[\p{Script=Arabic}\p{Script=Hebrew}\u200f]/u.test(first) ? 'rtl' : 'ltr';
}

interface ButtonsProps extends Pick<TheirsProps, 'onPress' | 'onSheet'> {
  interactive: WhatsAppInteractive;
}

function Buttons({ interactive, onPress, onSheet }: ButtonsProps) {
  const { t } = useWords();
  switch (interactive.type) {
    case 'button':
      return (
        <div class="wa-buttons">
          {interactive.action.buttons.map(({ reply }) => (
            <button key={reply.id} type="button" onClick={() => onPress(reply.id)}>
              <Icon name="reply" />
              <Label text={reply.title} />
            </button>
          ))}
        </div>
      );
    case 'list': {
      const open = () => onSheet(<List action={interactive.action} onPress={onPress} onSheet={onSheet} />);
      return (
        <div class="wa-buttons">
          <button type="button" aria-haspopup="dialog" onClick={open}>
            <Icon name="list" />
            <Label text={interactive.action.button} />
          </button>
        </div>
      );
    }
    case 'request_contact_info':
      // To be looked at only: there is no WhatsApp here that could share a number.
      return (
        <div class="wa-buttons">
          <button type="button" disabled>
            <Icon name="phone" />
            <Label text={t('preview.share-number')} />
          </button>
        </div>
      );
    case 'cta_url': {
      const { display_text: label, url } = interactive.action.parameters;
      return (
        <div class="wa-buttons">
          <a href={url} target="_blank" rel="noopener noreferrer">
            <Icon name="link" />
            <Label text={label} />
            <span class="sr-only">{t('chat.opens-elsewhere')}</span>
          </a>
        </div>
      );
    }
  }
}

interface ListProps extends Pick<TheirsProps, 'onPress' | 'onSheet'> {
  action: WhatsAppList['action'];
}

/** The list as it slides up: its sections, and in them the rows. */
function List({ action, onPress, onSheet }: ListProps) {
  const close = () => onSheet(undefined);
  return (
    <Sheet title={action.button} onClose={close}>
      {action.sections.map(({ title, rows }, index) => (
        <section key={index} class="wa-section">
          {title !== undefined && (
            <h4>
              <Label text={title} />
            </h4>
          )}
          {rows.map((row) => (
            <button
              key={row.id}
              type="button"
              class="wa-row"
              onClick={() => {
                close();
                onPress(row.id);
              }}
            >
              <span class="wa-row-title">
                <Label text={row.title} />
              </span>
              {row.description !== undefined && (
                <span class="wa-row-more">
                  <Label text={row.description} />
                </span>
              )}
            </button>
          ))}
        </section>
      ))}
    </Sheet>
  );
}
