import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import { z } from 'zod';
import { BOT_SCOPES } from '../../adapters/slack/install.js';
import { HANDLED_EVENTS } from '../../adapters/slack/parse.js';
import { openHouse, payload } from './house.js';

const manifest = z
  .object({
    features: z
      .object({
        app_home: z.object({ home_tab_enabled: z.literal(true), messages_tab_enabled: z.literal(true) }).loose(),
        slash_commands: z.array(
          z.object({ command: z.string(), url: z.url(), description: z.string().max(2000) }).loose(),
        ),
      })
      .loose(),
    oauth_config: z.object({ scopes: z.object({ bot: z.array(z.string()) }) }),
    settings: z
      .object({
        event_subscriptions: z.object({ request_url: z.url(), bot_events: z.array(z.string()) }),
        interactivity: z.object({ is_enabled: z.literal(true), request_url: z.url() }),
      })
      .loose(),
  })
  .loose()
  .parse(load(readFileSync(new URL('../../adapters/slack/manifest.yaml', import.meta.url), 'utf8')));

describe('the manifest', () => {
  test('subscribes to what is handled, and to nothing else', () => {
    expect(manifest.settings.event_subscriptions.bot_events).toEqual([...HANDLED_EVENTS]);
  });

  test('asks for the same as an installation does', () => {
    expect(manifest.oauth_config.scopes.bot).toEqual([...BOT_SCOPES]);
  });

  test('sends everything to the one address there is', () => {
    const { event_subscriptions, interactivity } = manifest.settings;
    const urls = [
      event_subscriptions.request_url,
      interactivity.request_url,
      ...manifest.features.slash_commands.map(({ url }) => url),
    ];
    expect(new Set(urls.map((url) => new URL(url).pathname))).toEqual(new Set(['/slack/events']));
  });

  test('its command is the one in the payloads', () => {
    expect(manifest.features.slash_commands.map(({ command }) => command)).toEqual([payload('slash-command').command]);
  });

  test.each([...HANDLED_EVENTS])('%s is not just acknowledged', async (name) => {
    const file = { 'message.im': 'message-im' }[name as string] ?? name.replaceAll('_', '-');
    const house = await openHouse();
    await house.post(payload(file));
    expect(house.debugged).toEqual([]);
    expect(house.delivered.length + house.alerts.length).toBe(1);
    await house.stop();
  });
});
