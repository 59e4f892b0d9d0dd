import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { createSlackChannel, type SlackChannelOptions } from '../../adapters/slack/index.js';
import type { Channel, Deliver, Outgoing } from '../../bot/channel.js';
import type { InboundEvent } from '../../bot/conversation/event.js';
import { createHttp } from '../../bot/http.js';
import type { SlackInstallation } from '../../bot/ledger/ledger.js';
import type { Message } from '../../bot/message/message.js';
import { createMetrics } from '../../bot/metrics.js';
import { createPauses } from '../../bot/pauses.js';
import { type FakeSlack, startSlack } from './slack.js';

export const SECRET = 'a signing secret for the tests';

/** A payload as Slack documents it, with some of it replaced. */
// biome-ignore lint/suspicious/noExplicitAny: tests change payloads at any depth.
export function payload(name: string, change: (body: any) => void = () => undefined): any {
  const body = JSON.parse(readFileSync(new URL(`./payloads/${name}.json`, import.meta.url), 'utf8'));
  change(body);
  return body;
}

export function asForm(body: object): string {
  return new URLSearchParams(body as Record<string, string>).toString();
}

export function asInteraction(body: object): string {
  return new URLSearchParams({ payload: JSON.stringify(body) }).toString();
}

export function sign(body: string, atSeconds: number, secret = SECRET): Record<string, string> {
  const signature = createHmac('sha256', secret).update(`v0:${atSeconds}:${body}`).digest('hex');
  return { 'x-slack-request-timestamp': String(atSeconds), 'x-slack-signature': `v0=${signature}` };
}

/** The Slack channel behind the app's own HTTP server, with Slack at the other end; only the mailbox is a list. */
export interface House {
  readonly slack: FakeSlack;
  readonly http: FastifyInstance;
  readonly channel: Channel;
  readonly delivered: InboundEvent[];
  readonly alerts: string[];
  /** Workspaces that removed the app, and how. */
  readonly left: string[];
  readonly debugged: string[];
  readonly installed: Map<string, SlackInstallation>;
  /** When, in epoch milliseconds; what is not here was installed long ago. */
  readonly installedAt: Map<string, number>;
  readonly refs: Map<string, string>;
  deliver: Deliver;
  /** What becomes of word that a workspace left, before it is taken. */
  leaving(): Promise<void>;
  now: number;
  /** Posts a signed body; JSON unless it is a form already. */
  post(
    body: object | string,
    headers?: Record<string, string>,
  ): Promise<{ status: number; body: string; headers: Record<string, unknown> }>;
  send(address: object, message: Message, more?: Partial<Outgoing>): Promise<void>;
  stop(): Promise<void>;
}

export async function openHouse(options: Partial<SlackChannelOptions> = {}): Promise<House> {
  const slack = await startSlack();
  const http = createHttp({ log: pino({ level: 'silent' }), metrics: createMetrics(), ready: async () => undefined });
  const [refs, installed] = [new Map<string, string>(), new Map<string, SlackInstallation>()];
  const installedAt = new Map<string, number>();
  let sends = 0;
  const house: House = {
    slack,
    http,
    delivered: [],
    alerts: [],
    left: [],
    debugged: [],
    installed,
    installedAt,
    refs,
    now: Date.UTC(2026, 10, 21, 9, 0),
    deliver: async (event) => {
      const again = house.delivered.some(
        ({ id, conversationId }) => id === event.id && conversationId === event.conversationId,
      );
      if (!again) house.delivered.push(event);
      return again ? 'duplicate' : 'accepted';
    },
    leaving: async () => undefined,
    channel: createSlackChannel({
      signingSecret: SECRET,
      botToken: 'xoxb-home-T1',
      apiUrl: slack.url,
      refs: {
        get: async (conversation, key) => refs.get(`${conversation} ${key}`),
        set: async (conversation, key, ref) => void refs.set(`${conversation} ${key}`, ref),
      },
      pauses: createPauses(),
      words: () => ({ privately: 'Only you can see my answer.' as never }),
      conversationIdOf: ({ user }, place) => `slack-${user}-${place}`,
      installations: {
        save: async (installation) => void installed.set(installation.teamId, installation),
        find: async (team) => installed.get(team),
        drop: async (team, token) => void (installed.get(team)?.botToken === token && installed.delete(team)),
        remove: async (team, at) => {
          if ((installedAt.get(team) ?? 0) <= at.getTime()) installed.delete(team);
          return !installed.has(team);
        },
      },
      debug: (what) => house.debugged.push(what),
      now: () => house.now,
      ...options,
    }),
    async post(body, headers) {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const type = typeof body === 'string' ? 'application/x-www-form-urlencoded' : 'application/json';
      const answer = await http.inject({
        method: 'POST',
        url: '/slack/events',
        payload: text,
        headers: { 'content-type': type, ...sign(text, Math.floor(house.now / 1000)), ...headers },
      });
      return { status: answer.statusCode, body: answer.body, headers: answer.headers };
    },
    async send(address, message, more = {}) {
      sends += 1;
      await house.channel.send({
        id: `reply-${sends}`,
        conversationId: 'slack-conversation',
        address: JSON.stringify(address),
        message,
        ...more,
      });
    },
    async stop() {
      await house.channel.close();
      await http.close();
      await slack.close();
    },
  };
  await house.channel.routes(http, {
    deliver: (event) => house.deliver(event),
    optedOut: async () => undefined,
    workspaceLeft: async (channel, workspace, how) => {
      await house.leaving();
      house.left.push(`${channel} ${workspace} ${how}`);
    },
    delivery: () => undefined,
    alert: (code) => void house.alerts.push(code),
  });
  return house;
}

export const DM = { k: 'dm', t: 'T1', u: 'U00000001', c: 'D00000001' } as const;
export const THREAD = { k: 'thread', t: 'T1', u: 'U00000001', c: 'C00000001', ts: '1795254300.000200' } as const;
export const CHANNEL = { k: 'channel', t: 'T1', u: 'U00000001', c: 'C00000001' } as const;
export const HOME = { k: 'home', t: 'T1', u: 'U00000001' } as const;

/** A message of a few words, or of the given parts. */
export function message(parts: object = {}): Message {
  return {
    language: 'en',
    direction: 'ltr',
    blocks: [{ type: 'text', text: 'You have 100 MB left.' }],
    actions: [],
    ...parts,
  } as unknown as Message;
}
