import { randomUUID } from 'node:crypto';
import { asForm, asInteraction, payload, SECRET, sign } from '../slack/house.js';
import type { FakeSlack, SlackCall } from '../slack/slack.js';

export const SLACK_ENV = { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_SIGNING_SECRET: SECRET } as const;

/** People of a workspace, played against the app's own webhook; what they see is what Slack was sent. */
export class SlackLife {
  constructor(
    private readonly url: string,
    readonly slack: FakeSlack,
  ) {}

  opensHome(user: string): Promise<void> {
    return this.event('app-home-opened', (body) => Object.assign(body.event, { user }));
  }

  says(user: string, text: string, team = 'T1'): Promise<void> {
    return this.event('message-im', (body) => {
      // After whatever the far end posted, whose times are made up.
      const ts = Math.max(Date.now() / 1000, 1_795_300_000).toFixed(6);
      Object.assign(body.event, { user, text, channel: dmOf(user), team, ts });
      Object.assign(body, { team_id: team });
      Object.assign(body.authorizations[0], { team_id: team });
    });
  }

  /** The workspace throws the app out. */
  removes(team: string): Promise<void> {
    // Whole seconds, and people are slower than this test: after whatever was installed in the same one.
    const event_time = Math.ceil(Date.now() / 1000);
    return this.event('app-uninstalled', (body) => Object.assign(body, { team_id: team, event_time }));
  }

  /** `/refill` in #general. */
  commands(user: string, text: string): Promise<void> {
    const body = payload('slash-command', (command) =>
      Object.assign(command, { user_id: user, text, trigger_id: randomUUID() }),
    );
    return this.post(asForm(body));
  }

  /** Presses the button on which, or beside which, `label` stands, where the message is: on Home, in the channel, in a chat. */
  async presses(user: string, on: SlackCall, label: RegExp): Promise<void> {
    const { view, channel = '' } = on.body;
    const found = (view ?? on.body).blocks
      .flatMap((block: { elements?: object[]; accessory?: object }) =>
        [...(block.elements ?? []), block.accessory].map((element) => ({ block, element })),
      )
      .find(
        ({ block, element }: { block: { text?: object }; element?: { value?: string } }) =>
          element?.value !== undefined && label.test(JSON.stringify([element, block.text])),
      );
    if (found === undefined) throw new Error(`no button ${label} in ${JSON.stringify(on.body)}`);
    const { block, element } = found;
    const body = payload(view === undefined ? 'block-actions' : 'block-actions-home', (press) => {
      Object.assign(press, { trigger_id: randomUUID() });
      press.user.id = user;
      Object.assign(press.actions[0], {
        block_id: block.block_id,
        action_id: element.action_id,
        value: element.value,
      });
      if (channel.startsWith('C')) press.channel = { id: channel, name: 'general' };
      else if (view === undefined) press.channel = { id: dmOf(user), name: 'directmessage' };
    });
    await this.post(asInteraction(body));
  }

  /** The first of what Slack took since `from` that is of this method and has these words. */
  async sees(from: number, method: string, words: RegExp): Promise<SlackCall> {
    const end = Date.now() + 20_000;
    for (;;) {
      const found = this.slack.sent.slice(from).find((call) => call.method === method && words.test(wordsOf(call)));
      if (found !== undefined) return found;
      if (Date.now() > end) {
        const sent = this.slack.sent.slice(from).map((call) => `${call.method} ${wordsOf(call)}`);
        throw new Error(`no ${method} with ${words} among\n${sent.join('\n')}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** How much Slack took so far. */
  get now(): number {
    return this.slack.sent.length;
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests change payloads at any depth.
  private event(name: string, change: (body: any) => void): Promise<void> {
    const body = payload(name, (event) => {
      event.event_id = randomUUID();
      change(event);
    });
    return this.post(JSON.stringify(body), 'application/json');
  }

  private async post(body: string, type = 'application/x-www-form-urlencoded'): Promise<void> {
    const headers = { 'content-type': type, ...sign(body, Math.floor(Date.now() / 1000)) };
    const response = await fetch(`${this.url}/slack/events`, { method: 'POST', body, headers });
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
    await response.arrayBuffer();
  }
}

/** All that is written on a message or a page, without marks of direction. */
export function wordsOf({ body }: SlackCall): string {
  return JSON.stringify((body.view ?? body).blocks).replaceAll(/[\u2066-\u2069\u200B-\u200F*\\]/g, '');
}

export function dmOf(user: string): string {
  return user.replace(/^U/, 'D');
}
