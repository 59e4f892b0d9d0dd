import { z } from 'zod';
import type { InboundEvent, Origin } from '../../bot/conversation/event.js';
import { readJsonBody } from '../../bot/json.js';
import { HttpProblem } from '../../bot/problem.js';

/** Longer texts are refused at the edge; what a conversation does with a long one is for the flows to say. */
export const MAX_TEXT = 20_000;

const id = z.string().regex(/^[\w-]{1,100}$/, 'expected 1 to 100 letters, digits, - or _');

const submission = z.union([
  z.strictObject({ id, text: z.string().min(1).max(MAX_TEXT) }),
  /** `label` is what the button said: only shown back to the same person's other tabs. */
  z.strictObject({ id, press: z.string().min(1).max(300), label: z.string().max(200).optional() }),
  z.strictObject({
    id,
    form: z.string().min(1).max(300),
    values: z.record(z.string().max(50), z.string().max(500)),
  }),
  z.strictObject({ id, hello: z.literal(true) }),
]);

const opening = z.strictObject({
  subscriber: z.string().regex(/^[a-z0-9-]{1,40}(~[a-z0-9]{1,16})?$/, 'expected a persona, or persona~copy'),
});

/** What the page sends to say something. */
export type Submission = z.infer<typeof submission>;

/** This channel's problems have lower-case codes. */
const CODES = { code: 'bad-json' };

/** @throws HttpProblem 400 naming the field. */
export function parseOpening(body: unknown): z.infer<typeof opening> {
  return check(opening, readJsonBody(body, CODES));
}

/** @throws HttpProblem 400 naming the field. */
export function parseSubmission(body: unknown): Submission {
  const json = readJsonBody(body, CODES);
  // The union alone would blame every variant at once; the member that is present says which one was meant.
  const keys = typeof json === 'object' && json !== null ? Object.keys(json) : [];
  const variant = submission.options.find((option) => keys.some((key) => key !== 'id' && key in option.shape));
  return check(variant ?? submission, json);
}

/** The same submission as Refill's own event. */
export function toEvent(said: Submission, conversationId: string, from: Origin, at: number): InboundEvent {
  const head = { id: said.id, at, conversationId, from };
  if ('text' in said) return { ...head, kind: 'text', text: said.text };
  if ('press' in said) return { ...head, kind: 'press', token: said.press };
  if ('form' in said) return { ...head, kind: 'form', token: said.form, values: said.values };
  return { ...head, kind: 'hello' };
}

function check<T>(schema: z.ZodType<T>, json: unknown): T {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const unknownKey = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const field = issue?.path.join('.') || unknownKey || 'body';
  const expected =
    issue?.code === 'invalid_union' ? 'expected text, press, form or hello: true' : (issue?.message ?? 'invalid');
  throw new HttpProblem(400, 'bad-request', `${field}: ${expected}`, { field });
}
