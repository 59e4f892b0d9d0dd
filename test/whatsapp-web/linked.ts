import { randomUUID } from 'node:crypto';
import { symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { tempFolder } from '../support/stores.js';
import { until } from './house.js';
import { Phone } from './phone.js';

const { LocalAuth } = createRequire(import.meta.url)('whatsapp-web.js') as typeof import('whatsapp-web.js');

export interface LinkedPhone {
  /** Every client the app opened; the last one is in use. */
  readonly phones: readonly Phone[];
  /** The first client, once the app has started it. */
  started(): Promise<Phone>;
  /** The real library and the real PATH again. */
  restore(): void;
}

/**
 * For an app with `WHATSAPP_TRANSPORT=web`, started afterwards in this test file: the library's clients are phones, and the
 * PATH has a Chromium, which nobody starts.
 */
export function linkPhone(): LinkedPhone {
  const phones: Phone[] = [];
  class Client extends Phone {
    constructor() {
      super();
      phones.push(this);
    }
  }
  jest.unstable_mockModule('whatsapp-web.js', () => ({ default: { Client, LocalAuth } }));
  const folder = tempFolder();
  symlinkSync(process.execPath, join(folder.path, 'chromium'));
  const { PATH } = process.env;
  process.env['PATH'] = `${folder.path}:${PATH}`;
  return {
    phones,
    async started() {
      await until(() => (phones[0]?.started ?? 0) > 0, 20_000);
      return phones[0] as Phone;
    },
    restore() {
      process.env['PATH'] = PATH;
      folder.remove();
      jest.unstable_unmockModule('whatsapp-web.js');
    },
  };
}

/** Who writes in `payloads/text.json`. */
export const WRITER = '60123456789@c.us';

/** Somebody writes to that phone, each time anew. */
export function writes(phone: Phone, text: string): void {
  const id = randomUUID();
  const whole = { fromMe: false, remote: WRITER, id, _serialized: `false_${WRITER}_${id}` };
  phone.receives('text', { body: text, id: whole });
}
