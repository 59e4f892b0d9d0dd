import { useWords } from '../i18n/index.js';
import { Avatar } from '../people/avatar.js';
import { Mark } from '../ui/icons.js';
import { Bold } from './bold.js';
import { SlackForm } from './slack-form.js';
import type { MineProps, SlackBlock, SlackButton, SlackText, TheirsProps } from './types.js';

export function SlackMine({ entry, follows, time, name }: MineProps) {
  return (
    <div class="sl-message">
      {!follows && <Avatar name={name} />}
      <div class="sl-content">
        {!follows && (
          <p class="sl-who">
            <b>{name}</b> <span class="sl-time">{time}</span>
          </p>
        )}
        <p class="sl-text" dir="auto">
          {entry.text}
        </p>
      </div>
    </div>
  );
}

/** A message of Block Kit: its blocks, one under the other. */
export function SlackTheirs({ preview, follows, time, ...press }: TheirsProps) {
  const { t } = useWords();
  return (
    <div class="sl-message">
      {!follows && (
        <span class="sl-face">
          <Mark />
        </span>
      )}
      <div class="sl-content">
        {!follows && (
          <p class="sl-who">
            <b>{t('chat.refill')}</b> <span class="sl-app">{t('preview.app')}</span> <span class="sl-time">{time}</span>
          </p>
        )}
        {preview.slack.blocks.map((block, index) => (
          <Block key={index} block={block} {...press} />
        ))}
      </div>
    </div>
  );
}

type Press = Pick<TheirsProps, 'onPress' | 'onForm' | 'onSheet'>;

function Block({ block, ...press }: Press & { block: SlackBlock }) {
  switch (block.type) {
    case 'header':
      return (
        <h3 class="sl-header" dir="auto">
          {block.text.text}
        </h3>
      );
    case 'section':
      return (
        <div class="sl-section">
          <div class="sl-words">
            {block.text && <Text text={block.text} />}
            {block.fields && (
              <div class="sl-fields">
                {block.fields.map((field, index) => (
                  <Text key={index} text={field} />
                ))}
              </div>
            )}
          </div>
          {block.accessory && <Button button={block.accessory} {...press} />}
        </div>
      );
    case 'context':
      return (
        <div class="sl-context">
          {block.elements.map((element, index) => (
            <Text key={index} text={element} />
          ))}
        </div>
      );
    case 'actions':
      return (
        <div class="sl-actions">
          {block.elements.map((button) => (
            <Button key={`${button.action_id}:${button.value ?? button.url}`} button={button} {...press} />
          ))}
        </div>
      );
    case 'image':
      return <img class="sl-image" src={block.image_url} alt={block.alt_text} />;
  }
}

const ENTITIES: Readonly<Record<string, string>> = { '&lt;': '<', '&gt;': '>', '&amp;': '&' };

function Text({ text: { type, text } }: { text: SlackText }) {
  const plain = type === 'mrkdwn' ? text.replace(/&(?:lt|gt|amp);/g, (found) => ENTITIES[found] ?? found) : text;
  return (
    <p class="sl-text" dir="auto">
      {type === 'mrkdwn' ? <Bold text={plain} /> : plain}
    </p>
  );
}

function Button({ button, onPress, onForm, onSheet }: Press & { button: SlackButton }) {
  const { t } = useWords();
  const { value = '', url, style, action_id: id } = button;
  const label = <span dir="auto">{button.text.text}</span>;
  if (url !== undefined) {
    return (
      <a class="sl-button" href={url} target="_blank" rel="noopener noreferrer">
        {label}
        <span class="sr-only">{t('chat.opens-elsewhere')}</span>
      </a>
    );
  }
  const openForm = () => onSheet(<SlackForm carried={value} onForm={onForm} onClose={() => onSheet(undefined)} />);
  return (
    <button
      type="button"
      class="sl-button"
      data-style={style}
      onClick={() => (id === 'form' ? openForm() : onPress(value))}
    >
      {label}
    </button>
  );
}
