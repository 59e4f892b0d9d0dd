import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { requestProblems } from './limits.js';

export const SETTINGS = {
  graphVersion: 'v23.0',
  phoneNumberId: '106540352242922',
  accessToken: 'EAAG-test-token',
  appSecret: 'an app secret of the tests',
  verifyToken: 'a verify token of the tests',
  wabaId: '102290129340398',
} as const;

/** A message the API accepted, as it came. */
export interface Sent {
  readonly id: string;
  /** Number or business-scoped id. */
  readonly to: string;
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it with matchers
  readonly body: any;
}

/** How the next message is answered instead of being accepted. */
export interface Failure {
  readonly code?: number;
  readonly status?: number;
  readonly details?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Answers with this instead of an error object. */
  readonly text?: string;
  /** Takes the message, then says nothing for good (`hang`) or breaks the connection. */
  readonly instead?: 'hang' | 'break';
}

/** Meta's side of the Cloud API: takes messages, read marks and templates, and refuses what its documentation refuses. */
export interface FakeWhatsApp {
  /** What WHATSAPP_GRAPH_BASE_URL is set to. */
  readonly url: string;
  readonly sent: Sent[];
  /** Read marks; `typing` where the indicator was asked for. */
  readonly reads: { readonly messageId: string; readonly typing: boolean }[];
  /** What came that should never have come: a test that sends on purpose what is wrong is the only one to find any. */
  readonly violations: string[];
  /** The account's templates, as `GET message_templates` lists them. */
  readonly templates: Record<string, unknown>[];
  /** Every request for a message, refused ones too. */
  attempts: number;
  onSend(callback: (sent: Sent) => void): void;
  /** The next messages are answered like this, one each. */
  fail(...next: readonly Failure[]): void;
  /** Nothing is answered before that many messages came: all of them are under way at once. */
  together(count: number): void;
  /** Closes connections on which nothing is under way. */
  closeIdle(): void;
  /** Waits until `count` messages were accepted. */
  until(count: number): Promise<readonly Sent[]>;
  close(): Promise<void>;
}

export async function startWhatsApp(): Promise<FakeWhatsApp> {
  const failures: Failure[] = [];
  const listeners: ((sent: Sent) => void)[] = [];
  let gathering: { readonly count: number; readonly held: (() => void)[] } | undefined;
  const server = createServer((request, response) => void answer(request, response));
  const fake: FakeWhatsApp = {
    url: '',
    sent: [],
    reads: [],
    violations: [],
    templates: [],
    attempts: 0,
    onSend: (callback) => void listeners.push(callback),
    fail: (...next) => void failures.push(...next),
    together(count) {
      gathering = { count, held: [] };
    },
    closeIdle: () => server.closeIdleConnections(),
    async until(count) {
      const deadline = Date.now() + 5_000;
      while (fake.sent.length < count && Date.now() < deadline) await new Promise((done) => setTimeout(done, 5));
      if (fake.sent.length < count) throw new Error(`only ${fake.sent.length} of ${count} messages came`);
      return fake.sent;
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const raw = await text(request);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://graph');
    if (request.headers.authorization !== `Bearer ${SETTINGS.accessToken}`)
      return error(response, { code: 190, status: 401 });
    if (pathname === `/${SETTINGS.graphVersion}/${SETTINGS.phoneNumberId}/messages` && request.method === 'POST')
      return message(JSON.parse(raw) as Record<string, unknown>, request, response);
    if (pathname === `/${SETTINGS.graphVersion}/${SETTINGS.wabaId}/message_templates`)
      return templates(request.method ?? '', raw, searchParams, response);
    fake.violations.push(`${request.method} ${pathname}`);
    error(response, { code: 100, status: 404 });
  }

  /** With the last that was waited for, all go on. */
  async function gathered(): Promise<void> {
    const waiting = gathering;
    if (waiting === undefined) return;
    const on = new Promise<void>((go) => void waiting.held.push(go));
    if (waiting.held.length === waiting.count) {
      gathering = undefined;
      for (const go of waiting.held) go();
    }
    await on;
  }

  async function message(
    body: Record<string, unknown>,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<unknown> {
    const wrong = requestProblems(body);
    fake.violations.push(...wrong);
    if (wrong.length > 0) return error(response, { code: 131009, details: wrong[0] ?? '' });
    if (body['status'] === 'read') {
      fake.reads.push({ messageId: String(body['message_id']), typing: body['typing_indicator'] !== undefined });
      return json(response, 200, { success: true });
    }
    fake.attempts += 1;
    await gathered();
    const failure = failures.shift();
    if (failure?.instead === 'hang') return;
    if (failure?.instead === 'break') return void request.socket.destroy();
    if (failure !== undefined) return error(response, failure);
    const to = String(body['to'] ?? body['recipient']);
    const sent: Sent = { id: `wamid.out.${fake.sent.length + 1}`, to, type: String(body['type']), body };
    fake.sent.push(sent);
    for (const listener of listeners) listener(sent);
    json(response, 200, {
      messaging_product: 'whatsapp',
      contacts: [body['to'] === undefined ? { input: to, user_id: to } : { input: to, wa_id: to }],
      messages: [{ id: sent.id }],
    });
  }

  function templates(method: string, raw: string, query: URLSearchParams, response: ServerResponse): unknown {
    if (method === 'POST') {
      const created = JSON.parse(raw) as Record<string, unknown>;
      fake.templates.push({ ...created, id: String(fake.templates.length + 1), status: 'PENDING' });
      return json(response, 200, {
        id: String(fake.templates.length),
        status: 'PENDING',
        category: created['category'],
      });
    }
    // Small pages, so that nobody can get away with reading the first one only.
    const from = Number(query.get('after') ?? 0);
    const page = fake.templates.slice(from, from + 5);
    const more = from + 5 < fake.templates.length;
    json(response, 200, {
      data: page,
      paging: { cursors: { after: String(from + 5) }, ...(more && { next: 'https://graph/next' }) },
    });
  }

  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return Object.assign(fake, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

function error(
  response: ServerResponse,
  { code = 1, status = 400, details = '', headers = {}, text: plain }: Failure,
): void {
  if (plain !== undefined) {
    response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(plain);
    return;
  }
  const body = {
    message: `(#${code}) Something`,
    type: 'OAuthException',
    code,
    error_data: { messaging_product: 'whatsapp', details },
    fbtrace_id: 'x',
  };
  json(response, status, { error: body }, headers);
}

function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** Signs the bytes as Meta does. */
export function signed(body: string | Uint8Array, secret: string = SETTINGS.appSecret): Record<string, string> {
  const hmac = createHmac('sha256', secret).update(body).digest('hex');
  return { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${hmac}` };
}

/** Posts a webhook as Meta does. `url` is Refill's own, without a path. */
export async function postWebhook(url: string, payload: unknown): Promise<number> {
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const response = await fetch(`${url}/whatsapp/webhook`, { method: 'POST', body, headers: signed(body) });
  await response.arrayBuffer();
  return response.status;
}

/** The envelope of a `messages` change. */
export function webhook(value: Record<string, unknown>, field = 'messages'): Record<string, unknown> {
  const metadata = { display_phone_number: '15550783881', phone_number_id: SETTINGS.phoneNumberId };
  return {
    object: 'whatsapp_business_account',
    entry: [
      { id: SETTINGS.wabaId, changes: [{ field, value: { messaging_product: 'whatsapp', metadata, ...value } }] },
    ],
  };
}

let counter = 0;

/** An inbound message; a text unless `content` says otherwise. */
export function inbound(from: string, content: Record<string, unknown> | string, more: Record<string, unknown> = {}) {
  const said = typeof content === 'string' ? { type: 'text', text: { body: content } } : content;
  counter += 1;
  return {
    from,
    id: `wamid.in.${process.pid}.${counter}`,
    timestamp: String(Math.floor(Date.now() / 1000)),
    ...said,
    ...more,
  };
}

/** One user says one thing. */
export function says(from: string, content: Record<string, unknown> | string, more: Record<string, unknown> = {}) {
  return webhook({
    contacts: [{ profile: { name: 'Sheena' }, wa_id: from }],
    messages: [inbound(from, content, more)],
  });
}
