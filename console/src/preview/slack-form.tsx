import { useMemo } from 'preact/hooks';
import { useWords } from '../i18n/index.js';
import { Sheet } from './sheet.js';
import type { TheirsProps } from './types.js';

interface SlackFormProps extends Pick<TheirsProps, 'onForm'> {
  /** The button's value: the form itself (adapters/slack/form.ts). */
  carried: string;
  onClose: () => void;
}

interface Carried {
  readonly k: string;
  readonly h: string;
  readonly s: string;
  readonly f: readonly (readonly [name: string, label: string])[];
}

/** The modal that Slack opens for a form. */
export function SlackForm({ carried, onForm, onClose }: SlackFormProps) {
  const { direction } = useWords();
  const form = useMemo(() => JSON.parse(carried) as Carried, [carried]);
  return (
    <Sheet title={form.h} onClose={onClose}>
      <form
        class="sl-form"
        dir={direction}
        onSubmit={(event) => {
          event.preventDefault();
          const values = Object.fromEntries(
            [...new FormData(event.currentTarget)].map(([name, value]) => [name, String(value)]),
          );
          onClose();
          onForm(form.k, values);
        }}
      >
        {form.f.map(([name, label]) => (
          <label key={name}>
            <span>{label}</span>
            <input name={name} dir="auto" maxLength={500} required />
          </label>
        ))}
        <button type="submit" class="sl-button" data-style="primary">
          {form.s}
        </button>
      </form>
    </Sheet>
  );
}
