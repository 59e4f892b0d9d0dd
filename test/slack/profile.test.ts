import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Origin } from '../../bot/conversation/event.js';
import { DM, type House, openHouse } from './house.js';

let house: House;
beforeEach(async () => {
  house = await openHouse();
});
afterEach(() => house.stop());

const from = (user = 'U00000001', workspace = 'T1'): Origin => ({
  channel: 'slack',
  workspace,
  user,
  address: JSON.stringify({ ...DM, t: workspace, u: user }),
});
const ask = (origin = from()) => house.channel.profile?.(origin);
const asked = () => house.slack.calls.filter(({ method }) => method === 'users.info');

describe('what Slack knows of a user', () => {
  test('is their language and time zone, asked once', async () => {
    house.slack.profiles.set('U00000001', { locale: 'es-ES', tz: 'America/Guatemala' });
    expect(await ask()).toEqual({ locale: 'es-ES', timezone: 'America/Guatemala' });
    expect(await ask()).toEqual({ locale: 'es-ES', timezone: 'America/Guatemala' });
    expect(asked()).toHaveLength(1);
    expect(asked()[0]?.body).toEqual({ user: 'U00000001', include_locale: 'true' });
    expect(house.slack.problems).toEqual([]);
  });

  test.each([
    [{ locale: 'not a tag', tz: 'Nowhere/Else' }, {}],
    [{ tz: 'Asia/Karachi' }, { timezone: 'Asia/Karachi' }],
    [{}, {}],
  ])('is only what makes sense: %j', async (told, profile) => {
    house.slack.profiles.set('U00000001', told);
    expect(await ask()).toEqual(profile);
  });

  test.each([
    ['says no', 'missing_scope'],
    ['is too busy', { status: 429, headers: { 'retry-after': '30' } }],
    ['is in trouble', { status: 500, body: '<html>' }],
    ['hangs up', { reset: 'before' as const }],
  ])('is nothing when Slack %s, and that workspace is left alone for a while', async (_what, failure) => {
    house.slack.profiles.set('U00000001', { locale: 'es-ES' }).set('U2', { locale: 'es-ES' });
    house.slack.fail(failure);
    expect(await ask()).toEqual({});
    expect(await ask(from('U2'))).toEqual({});
    expect(asked().length).toBeLessThanOrEqual(1);
    expect(await ask(from('U2', 'T2'))).toEqual({ locale: 'es-ES' });
  });

  test('is nothing for an address that is not one of Slack', async () => {
    expect(await ask({ ...from(), address: '{}' })).toEqual({});
    expect(asked()).toEqual([]);
  });
});
