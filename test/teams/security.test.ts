import { afterEach, describe, expect, test } from '@jest/globals';
import { UnsecuredJWT } from 'jose';
import { createTeamsChannel, type TeamsOptions } from '../../adapters/teams/index.js';
import { type House, openHouse, payload, textMessage, WORDS } from './house.js';
import { APP_ID, APP_PASSWORD, ISSUER, makeKey } from './microsoft.js';

let house!: House;
let opened: House | undefined;
afterEach(async () => {
  await opened?.stop();
  opened = undefined;
});
const seconds = () => Math.floor(Date.now() / 1000);

const HOUR = 3_600;

/** Posts a balance question with that token and says what came of it. */
async function knock(authorization: string | undefined, change: Parameters<typeof payload>[2] = undefined) {
  const activity = payload(house.microsoft, 'personal-message', change);
  const { status } = await house.post(activity, authorization === undefined ? {} : { authorization });
  return { status, delivered: house.delivered.length };
}

describe('who may call /api/messages', () => {
  test('a token of the Bot Framework for this app, from this service, for this channel', async () => {
    house = opened = await openHouse();
    expect(await knock(`Bearer ${await house.microsoft.token()}`)).toEqual({ status: 200, delivered: 1 });
  });

  type Claims = Record<string, unknown>;
  const wrongClaims: [string, () => Claims][] = [
    ['another issuer', () => ({ iss: 'https://sts.windows.net/evil/' })],
    ['no issuer', () => ({ iss: undefined })],
    ['another app as audience', () => ({ aud: 'ffffffff-2222-3333-4444-555555555555' })],
    ['several audiences', () => ({ aud: [APP_ID, 'other'] })],
    ['no audience', () => ({ aud: undefined })],
    ['an end 6 minutes ago', () => ({ exp: seconds() - 360 })],
    ['no end', () => ({ exp: undefined })],
    ['a start in 6 minutes', () => ({ nbf: seconds() + 360 })],
    ['a date 6 minutes in the future', () => ({ iat: seconds() + 360, nbf: undefined })],
  ];
  test.each(wrongClaims)('401: %s', async (_, claims) => {
    house = opened = await openHouse();
    expect(await knock(`Bearer ${await house.microsoft.token(claims())}`)).toEqual({ status: 401, delivered: 0 });
  });

  test.each([
    ['an end 4 minutes ago', () => ({ exp: seconds() - 240 })],
    ['a start in 4 minutes', () => ({ nbf: seconds() + 240 })],
  ])('200: %s, as clocks differ', async (_, claims) => {
    house = opened = await openHouse();
    expect(await knock(`Bearer ${await house.microsoft.token(claims())}`)).toEqual({ status: 200, delivered: 1 });
  });

  test.each([
    ['no Authorization header', undefined],
    ['another scheme', 'Basic dXNlcjpwYXNz'],
    ['no token', 'Bearer '],
    ['something that is no token', 'Bearer abc.def.ghi'],
    ['four parts', 'Bearer a.b.c.d'],
    ['a token of nothing', 'Bearer ..'],
  ])('401: %s', async (_, authorization) => {
    house = opened = await openHouse();
    expect(await knock(authorization)).toEqual({ status: 401, delivered: 0 });
  });

  test('401: alg none', async () => {
    house = opened = await openHouse();
    const claims = { serviceurl: house.microsoft.serviceUrl, exp: seconds() + HOUR };
    const token = new UnsecuredJWT(claims).setIssuer(ISSUER).setAudience(APP_ID).encode();
    expect(await knock(`Bearer ${token}`)).toEqual({ status: 401, delivered: 0 });
    expect(await knock(`Bearer ${token}c2ln`)).toEqual({ status: 401, delivered: 0 });
  });

  test('401: a key of one’s own under the name of Microsoft’s', async () => {
    house = opened = await openHouse();
    const forged = await makeKey('key-1');
    expect(await knock(`Bearer ${await house.microsoft.token({}, { key: forged })}`)).toEqual({
      status: 401,
      delivered: 0,
    });
  });

  test('401: another algorithm with the right key', async () => {
    house = opened = await openHouse();
    const [head, body, signature] = (await house.microsoft.token()).split('.');
    for (const alg of ['RS512', 'PS256', 'HS256']) {
      const header = Buffer.from(JSON.stringify({ alg, typ: 'JWT', kid: 'key-1' })).toString('base64url');
      expect(header).not.toBe(head);
      expect(await knock(`Bearer ${header}.${body}.${signature}`)).toEqual({ status: 401, delivered: 0 });
    }
  });

  test('401: one changed character anywhere in the token', async () => {
    house = opened = await openHouse();
    const token = await house.microsoft.token();
    // The last character of base64url may carry unused bits.
    for (let at = 0; at < token.length - 1; at += 7) {
      const other = token[at] === 'A' ? 'B' : 'A';
      const { status } = await knock(`Bearer ${token.slice(0, at)}${other}${token.slice(at + 1)}`);
      expect([at, status]).toEqual([at, 401]);
    }
    expect(house.delivered).toEqual([]);
  });

  test('403: a valid token for another service than the activity names, so no token of ours leaves', async () => {
    house = opened = await openHouse();
    const token = `Bearer ${await house.microsoft.token()}`;
    const evil = (activity: { serviceUrl: string }) => {
      activity.serviceUrl = 'https://evil.example/';
    };
    expect(await knock(token, evil)).toEqual({ status: 403, delivered: 0 });
    for (const serviceurl of [undefined, '', 'https://evil.example/', 7]) {
      const mine = `Bearer ${await house.microsoft.token({ serviceurl })}`;
      expect(await knock(mine)).toEqual({ status: 403, delivered: 0 });
    }
    expect(house.microsoft.tokenRequests).toBe(0);
  });

  test('403: a valid token whose own service is none of the Bot Framework’s hosts', async () => {
    house = opened = await openHouse({ localService: false });
    // Also the simulator's own: an address of this machine, which only a simulator may have.
    for (const service of [
      house.microsoft.serviceUrl,
      'https://evil.example/',
      'https://smba.trafficmanager.net.evil.example/',
      'https://smba.trafficmanager.net@evil.example/',
      'http://smba.trafficmanager.net/emea/',
      'https://169.254.169.254/latest/',
    ]) {
      const mine = `Bearer ${await house.microsoft.token({ serviceurl: service })}`;
      const change = (activity: { serviceUrl: string }) => {
        activity.serviceUrl = service;
      };
      expect([service, await knock(mine, change)]).toEqual([service, { status: 403, delivered: 0 }]);
    }
    expect(house.microsoft.tokenRequests).toBe(0);
  });

  test.each([
    ['a key endorsed for other channels', ['webchat', 'directline']],
    ['a key endorsed for nothing', []],
    ['a key without endorsements', null],
  ])('403: %s', async (_, endorsements) => {
    house = opened = await openHouse();
    house.microsoft.keys = [await makeKey('key-2', endorsements)];
    expect(await knock(`Bearer ${await house.microsoft.token()}`)).toEqual({ status: 403, delivered: 0 });
  });

  test('403: a channel on which anybody may claim to be anybody', async () => {
    house = opened = await openHouse();
    house.microsoft.keys = [await makeKey('key-2', ['msteams', 'webchat'])];
    const onWebChat = (activity: { channelId: string }) => {
      activity.channelId = 'webchat';
    };
    expect(await knock(`Bearer ${await house.microsoft.token()}`, onWebChat)).toEqual({ status: 403, delivered: 0 });
  });

  test('401 comes before anything is read', async () => {
    house = opened = await openHouse();
    expect((await house.post('{"type":', {})).status).toBe(401);
    expect((await house.post('{"type":')).status).toBe(400);
  });

  test.each([
    ['not an object', '[]'],
    ['no conversation', '{"type":"message","channelId":"msteams","serviceUrl":"https://x.example/"}'],
    [
      'a service that is no address',
      '{"type":"message","channelId":"msteams","serviceUrl":"x","conversation":{"id":"a"}}',
    ],
    ['an id of 10,000 characters', undefined],
  ])('400: signed, but %s', async (_, body) => {
    house = opened = await openHouse();
    const long = payload(house.microsoft, 'personal-message', (activity) => {
      activity.id = 'x'.repeat(10_000);
    });
    expect((await house.post(body ?? long)).status).toBe(400);
    expect(house.delivered).toEqual([]);
  });
});

describe('the keys of the Bot Framework', () => {
  test('are fetched once, and a signature is checked once per token', async () => {
    house = opened = await openHouse();
    const token = `Bearer ${await house.microsoft.token()}`;
    await Promise.all(Array.from({ length: 20 }, () => knock(token)));
    expect(house.microsoft.keyRequests).toBe(1);
  });

  test('a token that was valid is refused once it has expired', async () => {
    house = opened = await openHouse();
    const token = `Bearer ${await house.microsoft.token({ exp: seconds() - 240 })}`;
    expect((await knock(token)).status).toBe(200);
    house.now += 2 * 60_000;
    expect((await knock(token)).status).toBe(401);
  });

  test('are fetched again for a key we do not know, but not for every token that names one', async () => {
    house = opened = await openHouse();
    const { microsoft } = house;
    await knock(`Bearer ${await microsoft.token()}`);
    const renewed = await makeKey('key-2');
    microsoft.keys = [renewed];
    expect((await knock(`Bearer ${await microsoft.token({}, { key: renewed })}`)).status).toBe(401);
    house.now += 61_000;
    expect((await knock(`Bearer ${await microsoft.token({}, { key: renewed })}`)).status).toBe(200);
    expect(microsoft.keyRequests).toBe(2);
    for (let n = 0; n < 30; n++) {
      const unknown = await microsoft.token({}, { key: { ...renewed, kid: `made-up-${n}` } });
      expect((await knock(`Bearer ${unknown}`)).status).toBe(401);
    }
    expect(microsoft.keyRequests).toBe(2);
  });

  test('are fetched again after a day, and one that Microsoft withdrew is no longer taken', async () => {
    house = opened = await openHouse();
    const { microsoft } = house;
    const withdrawn = microsoft.keys;
    expect((await knock(`Bearer ${await microsoft.token()}`)).status).toBe(200);
    microsoft.keys = [await makeKey('key-2')];
    house.now += 25 * HOUR * 1000;
    const late = await microsoft.token({}, { at: house.now, key: withdrawn[0] as never });
    expect((await knock(`Bearer ${late}`)).status).toBe(401);
  });

  test('that cannot be fetched mean 503, and those we have serve on for days', async () => {
    house = opened = await openHouse();
    const { microsoft } = house;
    microsoft.keyFailures.push({ status: 500 });
    expect((await knock(`Bearer ${await microsoft.token()}`)).status).toBe(503);
    house.now += 3_000;
    expect((await knock(`Bearer ${await microsoft.token()}`)).status).toBe(200);
    house.now += 30 * HOUR * 1000;
    microsoft.keyFailures.push({ status: 200, body: 'not keys' });
    expect((await knock(`Bearer ${await microsoft.token({}, { at: house.now })}`)).status).toBe(200);
    house.now += 5 * 24 * HOUR * 1000;
    microsoft.keyFailures.push({ status: 500, reset: true });
    expect((await knock(`Bearer ${await microsoft.token({}, { at: house.now })}`)).status).toBe(503);
  });
});

describe('without credentials', () => {
  test('an emulator on this machine is heard and answered, and no token exists', async () => {
    house = opened = await openHouse({ unauthenticated: true });
    expect(await knock(undefined)).toEqual({ status: 200, delivered: 1 });
    expect(house.microsoft.tokenRequests).toBe(0);
  });

  test.each([
    'https://smba.trafficmanager.net/emea/',
    'http://10.0.0.1/',
    'http://127.0.0.1.evil.example/',
    'ftp://127.0.0.1/',
  ])('nobody has us call %s', async (serviceUrl) => {
    house = opened = await openHouse({ unauthenticated: true });
    const { status, delivered } = await knock(undefined, (activity) => {
      activity.serviceUrl = serviceUrl;
    });
    expect([400, 403]).toContain(status);
    expect(delivered).toBe(0);
  });

  test.each([
    ['another machine', { remoteAddress: '192.0.2.7' }],
    ['a tunnel that ends here', { headers: { 'x-forwarded-for': '192.0.2.7' } }],
    ['a page whose name was made to mean this machine', { headers: { host: 'evil.example:3000' } }],
  ])('nobody is heard from %s', async (_, { headers = {}, ...from }: { headers?: object; remoteAddress?: string }) => {
    house = opened = await openHouse({ unauthenticated: true });
    const answer = await house.http.inject({
      method: 'POST',
      url: '/api/messages',
      ...from,
      headers: { 'content-type': 'application/json', ...headers },
      payload: JSON.stringify(payload(house.microsoft, 'personal-message')),
    });
    expect(answer.statusCode).toBe(403);
    expect(house.delivered).toEqual([]);
  });

  test('an address from that time gets no token later', async () => {
    house = opened = await openHouse({ unauthenticated: true });
    await knock(undefined);
    const event = house.delivered[0];
    if (event === undefined || !('from' in event)) throw new Error('nothing came');
    const later = await openHouse();
    try {
      const { conversationId, from } = event;
      const sending = later.channel.send({ id: 'out', conversationId, address: from.address, message: textMessage() });
      await expect(sending).rejects.toMatchObject({ code: 'CHANNEL_REFUSED' });
      expect(house.microsoft).toMatchObject({ sent: [], problems: [] });
    } finally {
      await later.stop();
    }
  });
});

describe('how it is set up', () => {
  const create = (options: Partial<TeamsOptions>) => () =>
    createTeamsChannel({
      refs: { get: async () => undefined, set: async () => undefined },
      pauses: { hold: () => undefined, left: () => 0 },
      conversationIdOf: () => 'c',
      words: () => WORDS,
      ...options,
    });

  test.each<[string, Partial<TeamsOptions>]>([
    ['no app id', { appPassword: APP_PASSWORD }],
    ['no password', { appId: APP_ID }],
    ['nothing at all, and not said to be meant so', {}],
    ['credentials and no authentication', { appId: APP_ID, appPassword: APP_PASSWORD, unauthenticated: true }],
    ['a managed identity', { appId: APP_ID, appPassword: APP_PASSWORD, appType: 'UserAssignedMSI' }],
    ['a single tenant of no name', { appId: APP_ID, appPassword: APP_PASSWORD, appType: 'SingleTenant', tenantId: '' }],
  ])('%s is refused', (_, options) => {
    expect(create(options)).toThrow(expect.objectContaining({ code: 'TEAMS_MISCONFIGURED' }));
  });

  test('empty variables mean what missing ones do', async () => {
    const channel = create({ appId: APP_ID, appPassword: APP_PASSWORD, appType: '', tenantId: '' })();
    await channel.close();
  });
});
