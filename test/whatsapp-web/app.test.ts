import { readdirSync } from 'node:fs';
import { Writable } from 'node:stream';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { pino } from 'pino';
import { ConfigError, loadConfig } from '../../bot/config.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { tempFolder } from '../support/stores.js';
import { until } from './house.js';
import { type LinkedPhone, linkPhone, writes } from './linked.js';

const WEB = { WHATSAPP_TRANSPORT: 'web' };

let linked: LinkedPhone;
let app: TestApp | undefined;
let data: ReturnType<typeof tempFolder> | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
  linked?.restore();
  data?.remove();
  jest.restoreAllMocks();
});

describe('Refill as configured for WhatsApp Web', () => {
  test.each(['web', 'worker'])('has to be one process: REFILL_ROLE=%s is a mistake', (REFILL_ROLE) => {
    const load = () => loadConfig({ ...WEB, REFILL_ROLE });
    expect(load).toThrow(ConfigError);
    expect(load).toThrow(/WHATSAPP_TRANSPORT: web needs REFILL_ROLE=all/);
    expect(loadConfig({ ...WEB, REFILL_ROLE: 'all' }).whatsapp).toBe('web');
  });

  test('warns at start, shows the code to scan, answers who writes, sends no nudge, and ends with nothing left open', async () => {
    const { log, logged } = written();
    let printed = '';
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    });
    linked = linkPhone();
    const folder = tempFolder();
    data = folder;
    const locks = () => readdirSync(folder.path).filter((name) => name.startsWith('whatsapp-web.lock'));
    const link = async () => (await fetch(`${app?.url}/console/whatsapp`)).json();
    app = await startTestApp({ ...WEB, REFILL_DATA_DIR: folder.path }, log);
    const phone = await linked.started();
    expect(logged()).toMatch(/WhatsApp Web is for trials.*set WHATSAPP_TRANSPORT=cloud/);

    phone.emit('qr', '2@code-of-the-page');
    expect(printed).toContain('Scan this with the phone');
    expect(await link()).toMatchObject({ state: 'scan', qr: expect.stringContaining('<svg') });
    phone.connects();
    expect(await link()).toEqual({ state: 'connected' });

    const heard = async (text: string) => {
      const before = phone.sent.length;
      writes(phone, text);
      await until(() => phone.sent.length > before, 20_000);
      return phone.sent.at(-1);
    };
    expect(await heard('hello')).toMatchObject({ chat: '60123456789@c.us', text: expect.stringMatching(/^1\. /m) });
    await heard('Warn me in time');
    await heard('offers');
    // The first offer, its confirmation, its payment.
    for (const choice of ['1', '1', '1']) await heard(choice);
    await until(() => phone.sent.at(-1)?.text.includes('is yours') === true, 20_000);
    const sent = phone.sent.length;
    await app.sandbox.burn(app.sandbox.charges().at(-1)?.subscriberId ?? '', { share: 0.99 });
    const refused = /"channel":"whatsapp","input":"system","outcome":"refused"/;
    await until(() => refused.test(logged()), 20_000);
    expect(phone.sent).toHaveLength(sent);

    expect(locks()).toHaveLength(1);
    await app.close();
    app = undefined;
    expect(locks()).toEqual([]);
    expect(phone.listenerCount('message')).toBe(0);
    expect(linked.phones).toHaveLength(1);
  }, 90_000);
});

/** A log that is kept. */
function written() {
  let text = '';
  const stream = new Writable({
    write(chunk, _, done) {
      text += String(chunk);
      done();
    },
  });
  return { log: pino({ level: 'info' }, stream), logged: () => text };
}
