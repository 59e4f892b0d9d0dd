import type { types } from '@slack/bolt';
import { z } from 'zod';
import { clip } from '../../bot/message/clip.js';
import type { Form } from '../../bot/message/message.js';
import { plainText } from './text.js';

/** Block Kit's limits for buttons, modals and inputs. */
const LIMITS = { value: 2000, title: 24, label: 150, values: 500, fields: 50 } as const;

export const FORM_ACTION = 'form';

/**
 * A form as its button carries it. A modal has to be opened within three seconds of the press (`trigger_id`), so the webhook
 * does it itself, and what it needs comes with the press: nothing is looked up, on any process.
 */
const carried = z.object({
  k: z.string(),
  h: z.string(),
  s: z.string(),
  f: z.array(z.tuple([z.string(), z.string()])),
});

export type CarriedForm = z.infer<typeof carried>;

/** The button's value; `undefined` for a form that is too large for one, whose questions are then only typed. */
export function carryForm({ token, title, submit, fields }: Form): string | undefined {
  if (fields.length > LIMITS.fields) return undefined;
  for (const label of [LIMITS.label, 40, 20]) {
    const form: CarriedForm = {
      k: token,
      h: clip(title, LIMITS.title),
      s: clip(submit, LIMITS.title),
      f: fields.map(({ name, label: words }) => [name, clip(words, label)]),
    };
    // Slack hands `&`, `<` and `>` back escaped; as JSON escapes they come back as they went.
    const value = JSON.stringify(form).replace(/[&<>]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`);
    if (value.length <= LIMITS.value) return value;
  }
  return undefined;
}

export function readCarriedForm(value: string): CarriedForm | undefined {
  try {
    return carried.parse(JSON.parse(value));
  } catch {
    return undefined;
  }
}

const metadata = z.object({ k: z.string(), p: z.string(), c: z.string() });

/** What a modal remembers of where it was opened: the form's token, the conversation's place, the channel. */
export type FormMetadata = z.infer<typeof metadata>;

export function formView(form: CarriedForm, where: Omit<FormMetadata, 'k'>): types.ModalView {
  const remembered: FormMetadata = { k: form.k, ...where };
  return {
    type: 'modal',
    callback_id: FORM_ACTION,
    title: plainText(form.h, LIMITS.title),
    submit: plainText(form.s, LIMITS.title),
    private_metadata: JSON.stringify(remembered),
    blocks: form.f.map(([name, label]) => ({
      type: 'input',
      block_id: name,
      label: plainText(label, LIMITS.label),
      element: { type: 'plain_text_input', action_id: 'value', max_length: LIMITS.values },
    })),
  };
}

export function readFormMetadata(json: string): FormMetadata | undefined {
  try {
    return metadata.parse(JSON.parse(json));
  } catch {
    return undefined;
  }
}
