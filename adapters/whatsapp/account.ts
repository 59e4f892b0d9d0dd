import { z } from 'zod';

/** What Meta says about the account rather than about a message. `alert`: somebody has to look at it. */
export interface AccountNews {
  readonly alert: boolean;
  /** E.g. `PHONE_NUMBER_QUALITY_UPDATE:FLAGGED`. */
  readonly code: string;
  readonly what: string;
}

const word = z.string().max(200).optional().catch(undefined);

/** The fields of all account webhooks that decide anything. Numbers and contact data are not among them. */
const news = z.object({
  event: word,
  reason: word,
  current_limit: word,
  message_template_name: word,
  message_template_language: word,
  new_quality_score: word,
  new_category: word,
  correct_category: word,
});

type News = z.infer<typeof news>;

/** Which events of a field need a person (CHANNELS.md "Webhooks": the fields to subscribe to). */
const NEEDS_A_PERSON: Readonly<Record<string, (value: News) => boolean>> = {
  account_update: ({ event }) => /VIOLATION|RESTRICT|DISABLED|DELETED|REJECTED|OFFBOARDED/.test(event ?? ''),
  account_alerts: () => true,
  account_review_update: () => true,
  phone_number_quality_update: ({ event }) => event === 'FLAGGED' || event === 'DOWNGRADE',
  message_template_status_update: ({ event }) =>
    /REJECTED|PAUSED|DISABLED|FLAGGED|PENDING_DELETION|DELETED|ARCHIVED/.test(event ?? ''),
  message_template_quality_update: ({ new_quality_score: score }) => score === 'RED' || score === 'YELLOW',
  // A utility template taken for marketing costs more, reaches fewer people, and may block the account (131064).
  template_category_update: ({ new_category: now, correct_category: soon }) => (soon ?? now) !== 'UTILITY',
  business_capability_update: () => false,
};

/** Reads a change of any field that is not about messages; one we do not know is no cause for alarm. */
export function accountNews(field: string, value: unknown): AccountNews {
  const read = news.safeParse(value);
  const about: News = read.success ? read.data : {};
  const needsAPerson = Object.hasOwn(NEEDS_A_PERSON, field) ? NEEDS_A_PERSON[field] : undefined;
  const event = about.event ?? about.new_quality_score ?? about.correct_category ?? about.new_category ?? 'CHANGED';
  const template = [about.message_template_name, about.message_template_language].filter(Boolean).join('/');
  return {
    alert: needsAPerson?.(about) ?? false,
    code: `${field}:${event}`.toUpperCase(),
    what: ['WhatsApp', field, event, template, about.reason, about.current_limit].filter(Boolean).join(' '),
  };
}
