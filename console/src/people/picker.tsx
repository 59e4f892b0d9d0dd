import { useEffect, useRef } from 'preact/hooks';
import { newId } from '../api/id.js';
import type { Persona } from '../api/types.js';
import { useWords } from '../i18n/index.js';
import { Icon } from '../ui/icons.js';
import { Avatar } from './avatar.js';
import { summaryOf } from './names.js';

interface PickerProps {
  personas: readonly Persona[];
  /** The subscriber id in use. */
  current: string | undefined;
  onPick: (subscriber: string) => void;
  /** Absent when somebody has to be chosen. */
  onClose: (() => void) | undefined;
}

/** Who to be. */
export function Picker({ personas, current, onPick, onClose }: PickerProps) {
  const { t } = useWords();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);

  return (
    <dialog
      ref={dialog}
      class="picker"
      aria-labelledby="picker-heading"
      onCancel={(event) => {
        if (!onClose) event.preventDefault();
      }}
      onClose={onClose}
    >
      <div class="picker-head">
        <h2 id="picker-heading">{t('people.heading')}</h2>
        <p>{t('people.text')}</p>
        {onClose && (
          <button type="button" class="icon-button picker-close" aria-label={t('people.close')} onClick={onClose}>
            <Icon name="cross" />
          </button>
        )}
      </div>
      <ul class="picker-list">
        {personas.map((persona) => (
          <PersonaCard key={persona.id} persona={persona} current={current === persona.id} onPick={onPick} />
        ))}
      </ul>
      <p class="picker-hint">{t('people.copy-hint')}</p>
    </dialog>
  );
}

interface PersonaCardProps {
  persona: Persona;
  current: boolean;
  onPick: (subscriber: string) => void;
}

function PersonaCard({ persona, current, onPick }: PersonaCardProps) {
  const words = useWords();
  const { t, locale } = words;
  const { id, name } = persona;
  return (
    <li class="persona" data-current={current}>
      <button type="button" class="persona-pick" onClick={() => onPick(id)}>
        <Avatar name={name} />
        <span class="persona-name">
          {name}
          {current && <span class="chip">{t('people.current')}</span>}
        </span>
        <span class="persona-summary">{summaryOf(words, persona)}</span>
        <span class="persona-facts">
          <span class="chip">{new Intl.DisplayNames(locale, { type: 'language' }).of(persona.locale)}</span>
          <span class="chip">{new Intl.DisplayNames(locale, { type: 'currency' }).of(persona.currency)}</span>
        </span>
      </button>
      <button
        type="button"
        class="persona-copy"
        aria-label={t('people.copy-of', { name })}
        onClick={() => onPick(`${id}~${newId().slice(0, 6)}`)}
      >
        <Icon name="copy" />
        <span>{t('people.copy')}</span>
      </button>
    </li>
  );
}
