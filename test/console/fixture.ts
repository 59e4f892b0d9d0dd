import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply } from 'fastify';
import type { PublicPersona } from '../../adapters/web/index.js';
import type { WebState, WhatsAppWebChannel } from '../../adapters/whatsapp/web/index.js';
import { PAGE_CSP } from '../../bot/access/people/index.js';
import { whatsAppLinkRoutes } from '../../bot/app-phone.js';
import { previewRoutes } from '../../bot/app-previews.js';
import type { InboundEvent } from '../../bot/conversation/event.js';
import { createTranslators } from '../../bot/i18n/index.js';
import type { Localized } from '../../bot/i18n/localized.js';
import type { Action, Block, Message } from '../../bot/message/message.js';
import { DANIEL, type House, openHouse } from '../web/house.js';

const AMINA: PublicPersona = {
  ...DANIEL,
  id: 'amina',
  name: 'Amina',
  locale: 'ur',
  timezone: 'Asia/Karachi',
  currency: 'PKR',
};

/** What the operator was asked to do, in order. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

export interface Fixture extends House {
  readonly asked: Asked[];
  /** WhatsApp Web's link to a phone; closed as long as no test opens it. */
  readonly link: { state: WebState; role: 'admin' | 'viewer' };
  /** Shows a row in the live log. */
  report(event: Record<string, unknown>): void;
  say(conversation: string, message: Message): Promise<void>;
}

/**
 * The page as it is built, behind the real web channel, with canned words for a bot and a canned operator: for looking at the
 * page alone. `hello`, `balance`, `offers` and anything else each have an answer.
 */
export async function openFixture(): Promise<Fixture> {
  const root = await mkdtemp(join(tmpdir(), 'refill-console-'));
  await promisify(execFile)(process.execPath, ['node_modules/vite/bin/vite.js', 'build', 'console', '--outDir', root]);
  const asked: Asked[] = [];
  const live = new Set<FastifyReply>();
  const link: Fixture['link'] = { state: { kind: 'closed' }, role: 'admin' };
  const house = await openHouse({
    personas: [DANIEL, AMINA],
    mount: (http) => mount(http, root, { asked, live, link }),
  });
  house.now = Date.now();
  let said = 0;
  const say = (conversation: string, message: Message) =>
    house.channel.send({ id: `canned-${++said}`, conversationId: conversation, address: '', message });
  house.deliver = async (event) => {
    house.delivered.push(event);
    house.now = Date.now();
    void answer(house, event, say);
    return 'accepted';
  };
  const { stop } = house;
  return Object.assign(house, {
    asked,
    link,
    say,
    report: (event: Record<string, unknown>) => {
      for (const { raw } of live) raw.write(`data: ${JSON.stringify({ at: Date.now(), ok: true, ...event })}\n\n`);
    },
    stop: async () => {
      for (const { raw } of live) raw.end();
      await stop();
      await rm(root, { recursive: true });
    },
  });
}

interface Kept extends Pick<Fixture, 'asked' | 'link'> {
  readonly live: Set<FastifyReply>;
}

/** Bodies reach its route as raw bytes, as in the app. */
const previews: FastifyPluginAsync = async (scope) => {
  scope.removeContentTypeParser('application/json');
  scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  await scope.register(previewRoutes, { translators: createTranslators() });
};

async function mount(http: FastifyInstance, root: string, { asked, live, link }: Kept): Promise<void> {
  const setHeaders = (reply: { setHeader(name: string, value: string): unknown }) => {
    reply.setHeader('content-security-policy', PAGE_CSP);
  };
  await http.register(previews);
  await http.register(whatsAppLinkRoutes, { channel: { state: () => link.state } as WhatsAppWebChannel });
  await http.register(fastifyStatic, { root, setHeaders });
  http.get('/console/session', async () => ({ state: 'in', login: 'open', trial: true, name: '', role: link.role }));
  http.get('/console/live', { exposeHeadRoute: false }, (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\n\n');
    live.add(reply);
  });
  http.get('/console/world/faults', async () => []);
  http.get<{ Params: { id: string } }>('/console/world/subscribers/:id', async ({ params }) => worldOf(params.id));
  http.route<{ Params: { '*': string } }>({
    method: ['POST', 'DELETE'],
    url: '/console/world/*',
    handler: async (request, reply) => {
      const body = Buffer.isBuffer(request.body) ? JSON.parse(request.body.toString()) : undefined;
      asked.push({ method: request.method, path: request.params['*'], body });
      return reply.code(204).send();
    },
  });
}

const GB = 1024n ** 3n;

function worldOf(id: string) {
  const gauge = (quota: bigint, remaining: bigint) => ({ unit: 'bytes', quota: `${quota}`, remaining: `${remaining}` });
  const expiresAt = new Date(Date.now() + 40 * 3_600_000).toISOString();
  return {
    id,
    persona: { accountType: 'prepaid' },
    money: '25.00',
    owed: '0.00',
    currency: 'MYR',
    state: 'need-offers',
    roaming: false,
    optedOut: false,
    msisdn: '60123456789',
    messages: [{ text: 'Your code is 123456.', at: '2026-11-21T09:00:00Z' }],
    plans: [
      { planId: 'a', name: 'Weekly Internet 5 GB', expiresAt, gauges: [gauge(5n * GB, GB / 5n)] },
      {
        planId: 'b',
        name: 'Monthly Unlimited',
        expiresAt,
        gauges: [{ unit: 'bytes', quota: 'unlimited', remaining: 'unlimited' }],
      },
    ],
  };
}

async function answer(house: House, event: InboundEvent, say: Fixture['say']): Promise<void> {
  const { conversationId } = event;
  await house.channel.typing(conversationId, '');
  await new Promise((done) => setTimeout(done, 50));
  await say(conversationId, wordsFor(event));
  await house.channel.taken(conversationId, event.id);
}

function wordsFor(event: InboundEvent): Message {
  if ('from' in event && event.from.locale === 'ur') return URDU;
  if (event.kind === 'text' && event.text === 'balance') return BALANCE;
  if (event.kind === 'text' && event.text === 'offers') return OFFERS;
  return message(
    [{ type: 'text', text: l('You can ask what is left, or see offers.') }],
    [action('My balance', 'primary'), action('See offers')],
  );
}

const l = (text: string) => text as Localized;

function action(label: string, style: Action['style'] = 'default'): Action {
  return { token: `token of ${label}`, label: l(label), style };
}

export function message(blocks: readonly Block[], actions: readonly Action[] = []): Message {
  return { language: 'en', direction: 'ltr', blocks, actions };
}

const BALANCE = message(
  [
    { type: 'heading', text: l('What you have left') },
    {
      type: 'facts',
      facts: [
        { label: l('Account'), value: l('Prepaid') },
        { label: l('Money'), value: l('RM 25.00') },
      ],
    },
    { type: 'gauge', label: l('Weekly Internet'), share: 0.04, level: 'low', caption: l('204 MB of 5 GB left') },
    { type: 'gauge', label: l('Night Internet'), share: 0, level: 'empty', caption: l('0 MB of 1 GB left') },
    { type: 'gauge', label: l('Calls'), share: 0.6, level: 'good', caption: l('60 min of 100 min left') },
    { type: 'gauge', label: l('Monthly'), share: 1, level: 'unlimited', caption: l('Unlimited') },
    { type: 'text', text: l('Your data is running low.'), tone: 'warning' },
    { type: 'text', text: l('Your top-up has arrived.'), tone: 'success' },
    { type: 'text', text: l('Prices include tax.'), tone: 'hint' },
    { type: 'link', url: 'https://example.org/terms', label: l('Terms') },
    { type: 'image', url: '/favicon.svg', alt: l('A fuel gauge') },
  ],
  [action('See offers', 'primary'), action('Stop', 'danger')],
);

const OFFERS = message(
  [
    { type: 'text', text: l('Here is what you can buy:') },
    {
      type: 'offers',
      offers: [
        { title: l('Daily 1 GB'), price: l('RM 2.00'), facts: [{ label: l('You get'), value: l('1 GB') }], action: 0 },
        {
          title: l('Weekly 5 GB'),
          price: l('RM 10.00'),
          description: l('5 GB for a week.'),
          facts: [],
          badge: l('Loan'),
          action: 1,
        },
        { title: l('Not for sale'), price: l('Price not known'), facts: [] },
      ],
    },
  ],
  [action('Daily 1 GB · RM 2.00'), action('Borrow RM 10.00'), action('My balance')],
);

const URDU: Message = {
  language: 'ur',
  direction: 'rtl',
  blocks: [
    { type: 'heading', text: l('آپ کے پاس کیا باقی ہے') },
    { type: 'gauge', label: l('ماہانہ انٹرنیٹ'), share: 0.06, level: 'low', caption: l('12 GB میں سے 737 MB باقی') },
  ],
  actions: [action('آفرز دیکھیں', 'primary'), action('مدد')],
};
