import type { Block, Fact } from '../../../bot/message/message.js';
import type { Message } from '../api/types.js';
import { useWords } from '../i18n/index.js';
import { Icon, type IconName } from '../ui/icons.js';
import { GaugeView } from './gauge.js';
import { OfferView } from './offer.js';

interface BlockProps {
  block: Block;
  message: Message;
  onPress: (token: string, label: string) => void;
}

/** One block of a message, whatever its type. */
export function BlockView({ block, message, onPress }: BlockProps) {
  switch (block.type) {
    case 'heading':
      return <h3 class="block-heading">{block.text}</h3>;
    case 'text':
      return block.tone ? <Toned tone={block.tone} text={block.text} /> : <p class="said">{block.text}</p>;
    case 'facts':
      return <Facts facts={block.facts} />;
    case 'gauge':
      return <GaugeView gauge={block} locale={message.language} />;
    case 'offers':
      return (
        <ul class="offers">
          {block.offers.map((offer, index) => (
            <OfferView key={index} offer={offer} action={message.actions[offer.action ?? -1]} onPress={onPress} />
          ))}
        </ul>
      );
    case 'image':
      return <img class="block-image" src={block.url} alt={block.alt} loading="lazy" />;
    case 'link':
      return <BlockLink url={block.url} label={block.label} />;
  }
}

const TONE_ICONS: Readonly<Record<string, IconName>> = { hint: 'info', warning: 'alert', success: 'check' };

function Toned({ tone, text }: { tone: string; text: string }) {
  return (
    <p class="toned" data-tone={tone}>
      <Icon name={TONE_ICONS[tone] ?? 'info'} />
      <span>{text}</span>
    </p>
  );
}

export function Facts({ facts }: { facts: readonly Fact[] }) {
  if (facts.length === 0) return null;
  return (
    <dl class="facts">
      {facts.map(({ label, value }, index) => (
        <div key={index}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function BlockLink({ url, label }: { url: string; label: string }) {
  const { t } = useWords();
  return (
    <a class="block-link" href={url} target="_blank" rel="noopener noreferrer">
      <Icon name="link" />
      <span>{label}</span>
      <span class="sr-only">{t('chat.opens-elsewhere')}</span>
    </a>
  );
}
