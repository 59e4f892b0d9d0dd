import { randomBytes } from 'node:crypto';
import type { Translator } from '../i18n/translator.js';
import type { Block, Form, Message } from '../message/message.js';
import type { Choice, FormScreen, Screen } from './flow.js';
import type { ChoiceSet } from './session.js';
import { formTokenOf, tokenOf } from './understanding.js';

const DAY_MS = 86_400_000;

/** One screen out of several, in order: a turn is one message (replies are billed on WhatsApp). */
export function joinScreens(screens: readonly Screen[]): Screen {
  const blocks: Block[] = [];
  const choices: Choice[] = [];
  for (const screen of screens) {
    blocks.push(...screen.blocks.map((block) => shiftActions(block, choices.length)));
    choices.push(...screen.choices);
  }
  const validForMs = Math.min(...screens.map((screen) => screen.validForMs ?? DAY_MS));
  // What is asked last is what is waiting; what is told first is what this message is about.
  const { form } = screens.findLast((screen) => screen.form !== undefined) ?? {};
  const { asksNumber } = screens.at(-1) ?? {};
  const { notice } = screens.find((screen) => screen.notice !== undefined) ?? {};
  const { key } = screens.find((screen) => screen.key !== undefined) ?? {};
  return {
    blocks,
    choices,
    validForMs,
    ...(form !== undefined && { form }),
    ...(asksNumber === true && { asksNumber }),
    ...(notice !== undefined && { notice }),
    ...(key !== undefined && { key }),
  };
}

/** Keeps the choices `keep` accepts and re-aims the offer cards at what is left. */
export function filterChoices(screen: Screen, keep: (choice: Choice) => boolean): Screen {
  const kept = screen.choices.filter(keep);
  const blocks = screen.blocks.map((block) =>
    block.type !== 'offers'
      ? block
      : { ...block, offers: block.offers.map((offer) => ({ ...offer, ...reaim(offer.action, screen.choices, kept) })) },
  );
  return { ...screen, blocks, choices: kept };
}

function reaim(action: number | undefined, before: readonly Choice[], after: readonly Choice[]): { action?: number } {
  const choice = action === undefined ? undefined : before[action];
  const index = choice === undefined ? -1 : after.indexOf(choice);
  return index < 0 ? {} : { action: index };
}

function shiftActions(block: Block, by: number): Block {
  if (block.type !== 'offers' || by === 0) return block;
  const offers = block.offers.map((offer) =>
    offer.action === undefined ? offer : { ...offer, action: offer.action + by },
  );
  return { ...block, offers };
}

/** The message to send right after `now`, and what its choices will mean when they come back. */
export function toMessage(screen: Screen, text: Translator, now: number): { message: Message; choices: ChoiceSet } {
  const id = randomBytes(4).toString('base64url');
  const { blocks, choices, form, asksNumber, notice } = screen;
  return {
    message: {
      language: text.locale,
      direction: text.direction,
      blocks,
      actions: choices.map(({ label, intent, style }, index) => ({
        token: tokenOf(intent.name, id, index),
        label,
        style: style ?? 'default',
      })),
      ...(form !== undefined && { form: toForm(form, id) }),
      ...(asksNumber === true && { asksNumber }),
      ...(notice !== undefined && { notice }),
    },
    choices: {
      id,
      shownAt: now,
      until: now + (screen.validForMs ?? DAY_MS),
      options: choices.map(({ label, intent, exact }) => ({ label, intent, ...(exact === true && { exact }) })),
      ...(form !== undefined && { form: form.intent }),
    },
  };
}

function toForm({ intent, title, open, submit, fields }: FormScreen, setId: string): Form {
  return { token: formTokenOf(intent.name, setId), title, open, submit, fields };
}
