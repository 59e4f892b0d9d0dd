import { createHmac } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import {
  type Entrance,
  headerOf,
  into,
  misspelt,
  OTHER_BODIES,
  pick,
  type Random,
  type Request,
  testForged,
  type Way,
  withHeaders,
} from '../security/forging.js';
import { type House, openHouse, payload } from './house.js';
import { SETTINGS } from './whatsapp.js';

const SIGNATURE = 'x-hub-signature-256';
const SECRET = SETTINGS.appSecret;

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.stop());

const digest = (
  base: string,
  { key = SECRET as string, hash = 'sha256', as = 'hex' as 'hex' | 'base64' | 'base64url' } = {},
) => createHmac(hash, key).update(base).digest(as);

const text = payload('text');

/** A message of somebody's, with an id of its own. */
function genuine(random: Random): Request {
  const body = JSON.stringify(JSON.parse(text), (key, value) =>
    key === 'id' && String(value).startsWith('wamid.') ? `wamid.${random(2 ** 31)}x${random(2 ** 31)}` : value,
  );
  const headers = { 'content-type': 'application/json', [SIGNATURE]: `sha256=${digest(body)}` };
  return { method: 'POST', url: '/whatsapp/webhook', headers, body };
}

const signature = (good: Request) => headerOf(good, SIGNATURE);
const signedAs = (good: Request, value: string) => withHeaders(good, { [SIGNATURE]: value });

const WAYS: Readonly<Record<string, Way>> = {
  ...misspelt('signature', signature, signedAs),
  ...misspelt(
    'digest',
    (good) => signature(good).slice(7),
    (good, hex) => signedAs(good, `sha256=${hex}`),
  ),
  ...OTHER_BODIES,
  none: (good) => withHeaders(good, { [SIGNATURE]: undefined }),
  empty: (good, random) => signedAs(good, pick(['', 'sha256=', 'sha256', '='], random)),
  twice: (good, random) => {
    const [right, wrong] = [signature(good), `sha256=${digest('another')}`];
    return withHeaders(good, {
      [SIGNATURE]: pick(
        [
          [right, right],
          [right, wrong],
          [wrong, right],
        ],
        random,
      ),
    });
  },
  'said to be another hash': (good, random) =>
    signedAs(
      good,
      signature(good).replace(
        'sha256=',
        pick(['sha1=', 'sha512=', 'SHA256=', 'Sha256=', 'sha256:', 'v0=', ''], random),
      ),
    ),
  'under the older header': (good) => withHeaders(good, { [SIGNATURE]: undefined, 'x-hub-signature': signature(good) }),
  'another hash': (good, random) =>
    signedAs(good, `sha256=${digest(good.body ?? '', { hash: pick(['sha1', 'sha384', 'sha512', 'md5'], random) })}`),
  'another key': (good, random) => {
    const keys = [
      '',
      `${SECRET} `,
      SECRET.toUpperCase(),
      SECRET.slice(0, -1),
      SETTINGS.accessToken,
      SETTINGS.verifyToken,
    ];
    return signedAs(
      good,
      `sha256=${digest(good.body ?? '', { key: pick([...keys, String(random(2 ** 31))], random) })}`,
    );
  },
  'in base64': (good, random) =>
    signedAs(good, `sha256=${digest(good.body ?? '', { as: pick(['base64', 'base64url'], random) })}`),
  'of another body': (good, random) => ({ ...good, body: genuine(random).body ?? '' }),
  'of the body and more': (good, random) =>
    signedAs(good, `sha256=${digest(good.body + pick(['\n', ' ', '\0'], random))}`),
  'as Slack signs': (good) => signedAs(good, `sha256=${digest(`v0:1795254000:${good.body}`)}`),
  'in the address': (good) => ({
    ...withHeaders(good, { [SIGNATURE]: undefined }),
    url: `${good.url}?${SIGNATURE}=${signature(good)}`,
  }),
};

const send: Entrance['send'] = (request) => into(house.http)(request);

testForged('requests', async () => {
  const passed = () => house.delivered.length;

  return { genuine, ways: WAYS, send, passed, refusals: [401] };
});

testForged('verify tokens', async () => {
  const asked = (token: string, more = ''): Request => ({
    method: 'GET',
    url: `/whatsapp/webhook?hub.mode=subscribe&hub.challenge=77${token === '' ? '' : `&hub.verify_token=${encodeURIComponent(token)}`}${more}`,
    headers: {},
  });
  const { verifyToken } = SETTINGS;

  return {
    genuine: () => asked(verifyToken),
    ways: {
      ...misspelt(
        'token',
        () => verifyToken,
        (_good, token) => asked(token),
      ),
      none: () => asked(''),
      twice: (_good, random) =>
        asked(
          pick([verifyToken, 'x'], random),
          `&hub.verify_token=${encodeURIComponent(pick([verifyToken, 'y'], random))}`,
        ),
      'another secret of ours': (_good, random) => asked(pick([SECRET, SETTINGS.accessToken], random)),
      'another mode': (good, random) => ({
        ...good,
        url: good.url.replace('subscribe', pick(['unsubscribe', 'Subscribe', '', 'subscribe%20'], random)),
      }),
      'no challenge': (good) => ({ ...good, url: good.url.replace('&hub.challenge=77', '') }),
    },
    send,
    refusals: [403],
  };
});
