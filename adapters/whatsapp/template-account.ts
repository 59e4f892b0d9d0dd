import { z } from 'zod';
import type { CodeTemplate } from './code-template.js';
import { GraphRefused, GraphSilent, TemplateInvalid } from './errors.js';
import { bodyOf, type Template } from './templates.js';

export interface AccountSettings {
  readonly baseUrl: string;
  readonly version: string;
  readonly accountId: string;
  readonly accessToken: string;
}

const text = z.string().optional().catch(undefined);

const listed = z.object({
  name: z.string(),
  language: z.string(),
  status: z.string(),
  category: z.string(),
  rejected_reason: text,
  quality_score: z.object({ score: text }).optional().catch(undefined),
  components: z.array(
    z.object({
      type: z.string(),
      text,
      buttons: z
        .array(z.object({ type: text, text }))
        .optional()
        .catch(undefined),
    }),
  ),
});

const page = z.object({
  data: z.array(listed),
  paging: z.object({ cursors: z.object({ after: text }).optional(), next: text }).optional(),
});

/** A template as the account has it. */
export type Listed = z.infer<typeof listed>;

/** The templates of a WhatsApp business account. Every method rejects with `GraphRefused`, `GraphSilent` or `TemplateInvalid`. */
export interface TemplateAccount {
  list(): Promise<readonly Listed[]>;
  /** Submits a template for review. */
  create(template: Template | CodeTemplate): Promise<void>;
}

const TIMEOUT_MS = 30_000;
/** 6,000 templates are the most an account can have. */
const MAX_PAGES = 100;

export function openTemplateAccount({ baseUrl, version, accountId, accessToken }: AccountSettings): TemplateAccount {
  const address = `${baseUrl.replace(/\/+$/, '')}/${version}/${accountId}/message_templates`;

  async function call(query: string, body?: object): Promise<unknown> {
    const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' };
    const how = body === undefined ? { headers } : { headers, method: 'POST', body: JSON.stringify(body) };
    let response: Response;
    try {
      response = await fetch(`${address}${query}`, {
        ...how,
        signal: AbortSignal.timeout(TIMEOUT_MS),
        redirect: 'error',
      });
    } catch (cause) {
      throw new GraphSilent(true, (cause as Error).name === 'TimeoutError', { cause });
    }
    const json: unknown = await response.json().catch(() => undefined);
    if (response.ok) return json;
    const refused = z.object({ error: z.object({ code: z.number() }) }).safeParse(json);
    throw new GraphRefused(refused.success ? refused.data.error.code : -response.status);
  }

  return {
    async list() {
      const all: Listed[] = [];
      let after: string | undefined;
      for (let pages = 0; pages < MAX_PAGES; pages++) {
        const fields = 'fields=name,language,status,category,components,quality_score,rejected_reason&limit=100';
        const cursor = after === undefined ? '' : `&after=${encodeURIComponent(after)}`;
        const read = page.safeParse(await call(`?${fields}${cursor}`));
        if (!read.success) throw new TemplateInvalid('the account lists its templates in a way we do not know');
        all.push(...read.data.data);
        // The next page is asked for by its cursor: an address from outside would be given our token.
        after = read.data.paging?.next === undefined ? undefined : read.data.paging.cursors?.after;
        if (after === undefined) break;
      }
      return all;
    },
    create: async (template) =>
      void (await call('', template.category === 'AUTHENTICATION' ? template : creation(template))),
  };
}

/** What Meta is given: the file without the payloads, which go along with each message. */
function creation({ components, ...rest }: Template): object {
  return {
    ...rest,
    components: components.map((part) =>
      part.type === 'BUTTONS' ? { ...part, buttons: part.buttons.map(({ payload: _, ...button }) => button) } : part,
    ),
  };
}

/** What keeps a template of the files from being sent as it is written; empty when the account has it, approved and the same. */
export function differences(template: Template, account: readonly Listed[]): string[] {
  const found = account.find(({ name, language }) => name === template.name && language === template.language);
  if (found === undefined) return ['is not in the account'];
  const theirs = (type: string) => found.components.find((part) => part.type === type);
  const compared: [what: string, ours: string, theirs: string][] = [
    ['category', template.category, found.category],
    ['body', bodyOf(template), theirs('BODY')?.text ?? ''],
    ['footer', footerOf(template), theirs('FOOTER')?.text ?? ''],
    ['buttons', buttonsOf(template), (theirs('BUTTONS')?.buttons ?? []).map((button) => button.text ?? '').join(' | ')],
  ];
  const reason =
    found.rejected_reason === undefined || found.rejected_reason === 'NONE' ? '' : ` (${found.rejected_reason})`;
  return [
    ...(found.status === 'APPROVED' ? [] : [`is ${found.status}${reason}`]),
    ...compared.flatMap(([what, ours, there]) =>
      ours === there ? [] : [`has another ${what}\n      file:    ${ours}\n      account: ${there}`],
    ),
  ];
}

/** The same for the template of one-time codes, whose words are Meta's own. */
export function codeDifferences({ name, language }: CodeTemplate, account: readonly Listed[]): string[] {
  const found = account.find((one) => one.name === name && one.language === language);
  if (found === undefined) return ['is not in the account'];
  return [
    ...(found.status === 'APPROVED' ? [] : [`is ${found.status}`]),
    ...(found.category === 'AUTHENTICATION' ? [] : [`is ${found.category}, and no code can be sent with it`]),
  ];
}

function footerOf({ components }: Template): string {
  return components.find((part) => part.type === 'FOOTER')?.text ?? '';
}

function buttonsOf({ components }: Template): string {
  return components
    .flatMap((part) => (part.type === 'BUTTONS' ? part.buttons.map(({ text: label }) => label) : []))
    .join(' | ');
}
