import { randomUUID } from 'node:crypto';
import { asInteraction, SECRET, sign, payload as slackPayload } from '../slack/house.js';
import { type FakeSlack, type SlackCall, startSlack } from '../slack/slack.js';
import type { TestApp } from '../support/app.js';
import { actionOf, type WebClient, words } from '../support/web-client.js';
import { payload as teamsPayload } from '../teams/house.js';
import { type Microsoft, startMicrosoft } from '../teams/microsoft.js';
import { type FakeWhatsApp, postWebhook, SETTINGS, says, startWhatsApp } from '../whatsapp/whatsapp.js';
import { linkPhone, WRITER, writes } from '../whatsapp-web/linked.js';
import type { Phone, Sent } from '../whatsapp-web/phone.js';

/** What a subscriber sees of one message, on any platform: its words, and what can be pressed. */
export interface Seen {
  readonly words: string;
  readonly buttons: readonly { readonly label: string; readonly press: () => Promise<number> }[];
  /** True for a message that took the place of an earlier one. */
  readonly edited: boolean;
}

/** A subscriber on one platform, played against the real webhook; the platform's far end checks all it gets. */
export interface Player {
  readonly name: string;
  /** Variables that switch the channel on. */
  readonly env: Readonly<Record<string, string>>;
  /** True where a receipt takes the place of "on its way". */
  readonly edits: boolean;
  /** True where nothing can be pressed: a choice is typed as its number, which means the newest message. */
  readonly typed: boolean;
  /** False where the platform is not used for what nobody asked for. */
  readonly nudges: boolean;
  /** True where the same press soon after is taken for the platform's own repetition, and answered by nothing. */
  readonly swallowsRepeats: boolean;
  start(app: TestApp): Promise<void>;
  /** Sends words; resolves with the webhook's status. */
  say(text: string): Promise<number>;
  /** The next message, in order. */
  next(ms?: number): Promise<Seen>;
  /** What the platform found wrong with what it got. */
  problems(): readonly string[];
  stop(): Promise<void>;
}

/** Messages as they come, for one reader. */
class Shown<Raw> {
  private readonly ready: Raw[] = [];
  private readonly waiting: ((raw: Raw) => void)[] = [];

  push(raw: Raw): void {
    const waiter = this.waiting.shift();
    if (waiter === undefined) this.ready.push(raw);
    else waiter(raw);
  }

  next(ms = 10_000): Promise<Raw> {
    const raw = this.ready.shift();
    if (raw !== undefined) return Promise.resolve(raw);
    return new Promise((resolve, reject) => {
      const take = (found: Raw) => {
        clearTimeout(timer);
        resolve(found);
      };
      const timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(take), 1);
        reject(new Error(`nothing came within ${ms} ms`));
      }, ms);
      this.waiting.push(take);
    });
  }
}

export async function slackPlayer(): Promise<Player> {
  const slack: FakeSlack = await startSlack();
  const shown = new Shown<SlackCall>();
  slack.onSend((call) => {
    if (call.method === 'chat.postMessage' || call.method === 'chat.update') shown.push(call);
  });
  let url = '';
  const post = async (body: string, type: string) => {
    const headers = { 'content-type': type, ...sign(body, Math.floor(Date.now() / 1000)) };
    const response = await fetch(`${url}/slack/events`, { method: 'POST', body, headers });
    await response.arrayBuffer();
    return response.status;
  };
  const press = (block: { block_id: string }, element: { value: string; action_id: string }) => {
    const pressed = slackPayload('block-actions', (body) => {
      Object.assign(body.actions[0], { block_id: block.block_id, action_id: element.action_id, value: element.value });
      body.trigger_id = randomUUID();
    });
    return post(asInteraction(pressed), 'application/x-www-form-urlencoded');
  };
  return {
    name: 'slack',
    env: { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_SIGNING_SECRET: SECRET, SLACK_API_URL: slack.url },
    edits: true,
    typed: false,
    nudges: true,
    swallowsRepeats: false,
    async start(app) {
      url = app.url;
    },
    say: (text) =>
      post(
        JSON.stringify(
          slackPayload('message-im', (body) => {
            body.event_id = randomUUID();
            body.event.text = text;
          }),
        ),
        'application/json',
      ),
    async next(ms) {
      const { method, body } = await shown.next(ms);
      const elements = body.blocks.flatMap((block: { elements?: unknown[]; accessory?: unknown }) =>
        [...(block.elements ?? []), block.accessory].map((element) => ({ block, element })),
      );
      return {
        words: JSON.stringify([body.text, body.blocks]),
        edited: method === 'chat.update',
        buttons: elements
          .filter(
            ({ element }: { element?: { type?: string; value?: string } }) =>
              element?.type === 'button' && element.value,
          )
          .map(
            ({
              block,
              element,
            }: {
              block: { block_id: string };
              element: { text: { text: string }; value: string; action_id: string };
            }) => ({
              label: element.text.text,
              press: () => press(block, element),
            }),
          ),
      };
    },
    problems: () => slack.problems,
    stop: () => slack.close(),
  };
}

/** `number`: the one that Meta vouches for; nobody's in the sandbox unless told otherwise. */
export async function whatsAppPlayer(number = '601155000777'): Promise<Player> {
  const meta: FakeWhatsApp = await startWhatsApp();
  const shown = new Shown<FakeWhatsApp['sent'][number]>();
  meta.onSend((sent) => shown.push(sent));
  let url = '';
  return {
    name: 'whatsapp',
    env: {
      WHATSAPP_TRANSPORT: 'cloud',
      WHATSAPP_GRAPH_BASE_URL: meta.url,
      WHATSAPP_GRAPH_VERSION: SETTINGS.graphVersion,
      WHATSAPP_PHONE_NUMBER_ID: SETTINGS.phoneNumberId,
      WHATSAPP_ACCESS_TOKEN: SETTINGS.accessToken,
      WHATSAPP_APP_SECRET: SETTINGS.appSecret,
      WHATSAPP_VERIFY_TOKEN: SETTINGS.verifyToken,
    },
    edits: false,
    typed: false,
    nudges: true,
    swallowsRepeats: false,
    async start(app) {
      url = app.url;
    },
    say: (text) => postWebhook(url, says(number, text)),
    async next(ms) {
      const { body } = await shown.next(ms);
      const { action = {} } = body.interactive ?? {};
      const replies = (action.buttons ?? []).map(({ reply }: { reply: { id: string; title: string } }) => ({
        label: reply.title,
        press: () =>
          postWebhook(
            url,
            says(number, { type: 'interactive', interactive: { type: 'button_reply', button_reply: reply } }),
          ),
      }));
      const rows = (action.sections ?? []).flatMap(({ rows: all }: { rows: { id: string; title: string }[] }) => all);
      const choices = rows.map((row: { id: string; title: string; description?: string }) => ({
        label: `${row.title} ${row.description ?? ''}`.trim(),
        press: () =>
          postWebhook(url, says(number, { type: 'interactive', interactive: { type: 'list_reply', list_reply: row } })),
      }));
      return { words: JSON.stringify(body), edited: false, buttons: [...replies, ...choices] };
    },
    problems: () => meta.violations,
    stop: () => meta.close(),
  };
}

export interface TeamsPlayer extends Player {
  /** Presses what may be on no card, or filled in as a form is; resolves with the webhook's status. */
  execute(action: object): Promise<number>;
}

/** A phone linked through the library's own client, whose page is cut off. There are no webhooks: what it hears, it has. */
export async function whatsAppWebPlayer(): Promise<Player> {
  const linked = linkPhone();
  const shown = new Shown<Sent>();
  const problems: string[] = [];
  let phone: Phone | undefined;
  const write = async (text: string) => {
    if (phone === undefined) throw new Error('not started');
    writes(phone, text);
    return 200;
  };
  return {
    name: 'whatsapp-web',
    env: { WHATSAPP_TRANSPORT: 'web' },
    edits: false,
    typed: true,
    nudges: false,
    swallowsRepeats: false,
    async start() {
      phone = (await linked.started()).connects();
      phone.onSend = (sent) => {
        if (sent.chat !== WRITER || sent.text.length > 65_536) problems.push('a message WhatsApp Web would not take');
        shown.push(sent);
      };
    },
    say: write,
    async next(ms) {
      const { text } = await shown.next(ms);
      const choices = [...text.matchAll(/^(\d+)\. (.+)$/gm)];
      const buttons = choices.map(([, number = '', label = '']) => ({ label, press: () => write(number) }));
      return { words: text, edited: false, buttons };
    },
    problems: () => problems,
    stop: async () => linked.restore(),
  };
}

/** Signed as Microsoft signs, with the keys of a Microsoft of this machine. */
export async function teamsPlayer(tenant?: string): Promise<TeamsPlayer> {
  const microsoft: Microsoft = await startMicrosoft();
  const shown = new Shown<Microsoft['sent'][number]>();
  microsoft.onSend((sent) => {
    if (sent.activity.type === 'message') shown.push(sent);
  });
  let url = '';
  const post = async (name: string, change: (activity: ReturnType<typeof teamsPayload>) => void) => {
    const body = JSON.stringify(teamsPayload(microsoft, name, change));
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${await microsoft.token()}` };
    const response = await fetch(`${url}/api/messages`, { method: 'POST', body, headers });
    await response.arrayBuffer();
    return response.status;
  };
  return {
    name: 'teams',
    env: microsoft.env(tenant),
    execute: (action) =>
      post('action-execute', (activity) => {
        Object.assign(activity, { id: randomUUID() });
        activity.value.action = action;
      }),
    edits: true,
    typed: false,
    nudges: true,
    swallowsRepeats: true,
    async start(app) {
      url = app.url;
    },
    say: (text) =>
      post('personal-message', (activity) => {
        Object.assign(activity, { id: randomUUID(), text, attachments: [] });
      }),
    async next(ms) {
      const sent = await shown.next(ms);
      const card = sent.activity.attachments?.[0]?.content;
      return {
        words: JSON.stringify(sent.activity),
        edited: sent.method === 'PUT',
        buttons: executesIn(card).map(({ title, data, verb }) => ({
          label: title,
          press: () =>
            post('action-execute', (activity) => {
              Object.assign(activity, { id: randomUUID(), replyToId: sent.id });
              activity.value.action = { type: 'Action.Execute', verb, data };
            }),
        })),
      };
    },
    problems: () => microsoft.problems,
    stop: () => microsoft.close(),
  };
}

interface Execute {
  readonly title: string;
  readonly verb: string;
  readonly data: unknown;
}

/** Every Action.Execute of a card, in order, wherever it hangs. */
function executesIn(node: unknown): Execute[] {
  if (node === null || typeof node !== 'object') return [];
  const { type, fallback: _, ...rest } = node as Record<string, unknown>;
  if (type === 'Action.Execute') return [node as Execute];
  return Object.values(rest).flatMap(executesIn);
}

export async function webPlayer(): Promise<Player> {
  let client: WebClient | undefined;
  const on = () => {
    if (client === undefined) throw new Error('not started');
    return client;
  };
  return {
    name: 'web',
    env: {},
    edits: false,
    typed: false,
    nudges: true,
    swallowsRepeats: false,
    async start(app) {
      client = await app.subscriber('daniel');
    },
    say: (text) => on().post({ text }),
    async next(ms) {
      const message = await on().next(ms);
      return {
        words: words(message),
        edited: false,
        buttons: message.actions.map(({ label }) => ({
          label,
          press: () => on().post({ press: actionOf(message, label).token }),
        })),
      };
    },
    problems: () => [],
    stop: async () => client?.close(),
  };
}
