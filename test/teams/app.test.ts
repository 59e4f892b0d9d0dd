import { afterEach, describe, expect, test } from '@jest/globals';
import { loadConfig } from '../../bot/config.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { buttonsOf } from './card-rules.js';
import { type Payload, payload, until } from './house.js';
import { type Microsoft, type Sent, startMicrosoft, TENANT } from './microsoft.js';

const ANOTHER_TENANT = 'aaaaaaaa-0000-4000-8000-00000000abcd';

let app: TestApp | undefined;
let microsoft!: Microsoft;
afterEach(async () => {
  await app?.close();
  app = undefined;
  await microsoft.close();
});

async function start(tenant?: string): Promise<void> {
  microsoft = await startMicrosoft();
  app = await startTestApp(microsoft.env(tenant));
}

/** Posts a message from somebody of that tenant; the status. */
async function say(tenant: string, authorization: string | undefined, text = 'hello'): Promise<number> {
  const activity = payload(microsoft, 'personal-message', (change: Payload) => {
    Object.assign(change, { id: `in-${Math.random()}`, text, attachments: [] });
    change.conversation.id = `a:of-${tenant}`;
    change.conversation.tenantId = tenant;
    change.channelData.tenant.id = tenant;
  });
  return post(activity, authorization);
}

/** Presses a button of a message. */
async function press(message: Sent | undefined, data: unknown): Promise<number> {
  const activity = payload(microsoft, 'action-execute', (change: Payload) => {
    Object.assign(change, { id: `in-${Math.random()}`, replyToId: message?.id });
    change.conversation.id = message?.conversation;
    change.value.action = { type: 'Action.Execute', verb: 'press', data };
  });
  return post(activity, await signed());
}

async function post(activity: Payload, authorization: string | undefined): Promise<number> {
  const headers = { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) };
  const response = await fetch(`${app?.url}/api/messages`, {
    method: 'POST',
    headers,
    body: JSON.stringify(activity),
  });
  await response.arrayBuffer();
  return response.status;
}

const signed = async (claims: Record<string, unknown> = {}) => `Bearer ${await microsoft.token(claims)}`;
/** Where answers went, and the tenant each token of ours is of. */
const answers = () =>
  microsoft
    .messages()
    .map(({ conversation, authorization }) => [conversation, /token-([\w.-]+)-\d+$/.exec(authorization ?? '')?.[1]]);

describe('Refill as configured for Teams', () => {
  test('as a bot of every tenant it answers whoever Microsoft vouches for, and nobody else', async () => {
    await start();
    expect(await say(TENANT, undefined)).toBe(401);
    expect(await say(TENANT, 'Bearer nonsense')).toBe(401);
    expect(await say(TENANT, await signed({ aud: 'ffffffff-2222-3333-4444-555555555555' }))).toBe(401);
    expect(await say(TENANT, await signed({ iss: `https://sts.windows.net/${TENANT}/` }))).toBe(401);
    expect(await say(TENANT, await signed({ serviceurl: 'https://smba.trafficmanager.net/emea/' }))).toBe(403);
    for (const tenant of [TENANT, ANOTHER_TENANT]) expect(await say(tenant, await signed())).toBe(200);
    await until(() => microsoft.messages().length === 2, 20_000);
    expect(answers().sort()).toEqual([
      [`a:of-${TENANT}`, 'botframework.com'],
      [`a:of-${ANOTHER_TENANT}`, 'botframework.com'],
    ]);
    expect(microsoft.problems).toEqual([]);
  }, 60_000);

  test('as a bot of one tenant it answers that one with its tokens, and 403 to another, signed as it is', async () => {
    await start(TENANT);
    expect(await say(TENANT, undefined)).toBe(401);
    expect(await say(ANOTHER_TENANT, await signed())).toBe(403);
    expect(await say('', await signed())).toBe(403);
    expect(await say(TENANT.toUpperCase(), await signed())).toBe(200);
    await until(() => microsoft.messages().length === 1, 20_000);
    expect(answers()).toEqual([[`a:of-${TENANT.toUpperCase()}`, TENANT]]);
    expect(microsoft.problems).toEqual([]);
  }, 60_000);

  test('when the answer to a card is lost, it is shown once, and its buttons are remembered', async () => {
    await start();
    microsoft.loseAnswers = 1;
    expect(await say(TENANT, await signed())).toBe(200);
    expect(await say(TENANT, await signed(), 'balance')).toBe(200);
    await until(() => microsoft.messages().length === 2, 20_000);
    const [greeting, balance] = microsoft.messages().map(({ activity }) => JSON.stringify(activity));
    expect(greeting).toContain('made-up subscriber');
    expect(balance).toContain('RM 25.00');
    const [first] = microsoft.messages();
    const { data } = buttonsOf(first?.activity).find(({ title }) => title === 'Warn me in time') ?? {};
    expect(await press(first, data)).toBe(200);
    await until(() => microsoft.messages().length === 3, 20_000);
    expect(JSON.stringify(microsoft.messages()[2]?.activity)).toContain('I will warn you');
  }, 60_000);

  test('without an app id, in a sandbox, it answers an emulator of this machine without any token', async () => {
    microsoft = await startMicrosoft({ unauthenticated: true });
    app = await startTestApp();
    expect(await say(TENANT, undefined)).toBe(200);
    await until(() => microsoft.messages().length === 1, 20_000);
    expect(microsoft.problems).toEqual([]);
  }, 60_000);
});

describe('variables of Teams', () => {
  const set = (more: Record<string, string>) => () =>
    loadConfig({ MicrosoftAppId: 'app', MicrosoftAppPassword: 'hush', ...more });

  test('a single tenant is named by its id, which is what activities name', () => {
    const single = { MicrosoftAppType: 'SingleTenant' };
    expect(set(single)).toThrow(/MicrosoftAppTenantId: required/);
    expect(set({ ...single, MicrosoftAppTenantId: 'contoso.onmicrosoft.com' })).toThrow(
      /MicrosoftAppTenantId: expected/,
    );
    expect(set({ ...single, MicrosoftAppTenantId: TENANT })().teams).toMatchObject({ tenantId: TENANT });
  });

  test.each(['ToBotFromChannelOpenIdMetadataUrl', 'ToChannelFromBotLoginUrlPrefix'])(
    'plain http is for this machine only: %s',
    (name) => {
      expect(set({ [name]: 'http://login.example.com/x' })).toThrow(`${name}: expected https`);
      expect(set({ [name]: 'http://127.0.0.1.example.com/x' })).toThrow(`${name}: expected https`);
      for (const url of ['https://login.microsoftonline.us', 'http://127.0.0.1:3978', 'http://localhost:3978'])
        expect(Object.values(set({ [name]: url })().teams ?? {})).toContain(url);
    },
  );
});
