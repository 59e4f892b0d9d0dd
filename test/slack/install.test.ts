import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BOT_SCOPES, createStates } from '../../adapters/slack/install.js';
import { DM, type House, message, openHouse } from './house.js';

let house: House;
beforeEach(async () => {
  house = await openHouse({ botToken: '', oauth: { clientId: '11.22', clientSecret: 'a client secret' } });
});
afterEach(() => house.stop());

const get = (url: string, cookie = '') =>
  house.http.inject({ method: 'GET', url, headers: cookie === '' ? {} : { cookie } });

/** What a browser keeps and where it is sent. */
async function begin() {
  const answer = await get('/slack/install');
  const cookie = String(answer.headers['set-cookie']).split(';')[0] ?? '';
  return { answer, cookie, target: new URL(String(answer.headers.location)) };
}

const back = (state: string, code = 'good-code') => `/slack/oauth_redirect?${new URLSearchParams({ code, state })}`;

describe('a workspace installs the app', () => {
  test('it is sent to Slack, asked for what the app needs, with a state of its own', async () => {
    const { answer, target } = await begin();
    expect(answer.statusCode).toBe(302);
    expect(`${target.origin}${target.pathname}`).toBe('https://slack.com/oauth/v2/authorize');
    expect(target.searchParams.get('scope')).toBe(BOT_SCOPES.join(','));
    expect(target.searchParams.get('client_id')).toBe('11.22');
    const cookie = String(answer.headers['set-cookie']);
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/Secure/);
    expect((await begin()).target.searchParams.get('state')).not.toBe(target.searchParams.get('state'));
  });

  test('and back: its token is kept and used', async () => {
    const { cookie, target } = await begin();
    const answer = await get(back(target.searchParams.get('state') ?? ''), cookie);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    expect(answer.body).not.toMatch(/xoxb|secret|good-code/);
    expect(house.installed.get('T2')).toEqual({ teamId: 'T2', botToken: 'xoxb-installed-T2', botUserId: 'UBOT2' });
    await house.send({ ...DM, t: 'T2' }, message());
    expect(house.slack.sent.at(-1)?.token).toBe('xoxb-installed-T2');
  });

  test('a workspace that was not installed a moment ago is known at once', async () => {
    await expect(house.send({ ...DM, t: 'T2' }, message())).rejects.toThrow('not installed');
    const { cookie, target } = await begin();
    await get(back(target.searchParams.get('state') ?? ''), cookie);
    await house.send({ ...DM, t: 'T2' }, message());
  });

  async function expectRefused(url: string, cookie: string) {
    const answer = await get(url, cookie);
    expect(answer.statusCode).toBe(400);
    expect(answer.body).not.toMatch(/xoxb|secret/);
    expect(house.installed.size).toBe(0);
  }

  test('another browser cannot finish it', async () => {
    const { target } = await begin();
    const other = await begin();
    await expectRefused(back(target.searchParams.get('state') ?? ''), other.cookie);
    await expectRefused(back(target.searchParams.get('state') ?? ''), '');
  });

  test('a state made up is refused, cookie or not', async () => {
    await expectRefused(back('made.99999999999999.up'), 'slack-app-oauth-state=made.99999999999999.up');
  });

  test('a state is used once', async () => {
    const { cookie, target } = await begin();
    const url = back(target.searchParams.get('state') ?? '');
    expect((await get(url, cookie)).statusCode).toBe(200);
    house.installed.clear();
    await expectRefused(url, cookie);
  });

  test('ten minutes later it is too late', async () => {
    const { cookie, target } = await begin();
    house.now += 600_001;
    await expectRefused(back(target.searchParams.get('state') ?? ''), cookie);
  });

  test('a code Slack does not know', async () => {
    const { cookie, target } = await begin();
    await expectRefused(back(target.searchParams.get('state') ?? '', 'bad-code'), cookie);
  });

  test('somebody changes their mind', async () => {
    const { cookie, target } = await begin();
    await expectRefused(`/slack/oauth_redirect?error=access_denied&state=${target.searchParams.get('state')}`, cookie);
  });

  test('a state signed with another secret is refused', async () => {
    const ours = createStates('one', { scopes: [] }, Date.now);
    const theirs = createStates('two', { scopes: [] }, Date.now);
    const state = await theirs.generateStateParam({ scopes: [] }, new Date());
    await expect(ours.verifyStateParam(new Date(), state)).rejects.toThrow(
      expect.objectContaining({ code: 'SLACK_STATE_INVALID' }),
    );
  });
});

test('without OAuth there is nothing to install', async () => {
  const plain = await openHouse();
  const answer = await plain.http.inject({ method: 'GET', url: '/slack/install' });
  expect(answer.statusCode).toBe(404);
  await plain.stop();
});
