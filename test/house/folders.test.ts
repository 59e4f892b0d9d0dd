import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { root } from './tree.js';

const channelFiles = ['index.ts', 'verify.ts', 'parse.ts', 'render.ts', 'send.ts', 'errors.ts'];
const telcoFiles = ['index.ts', 'client.ts', 'schema.ts', 'map.ts', 'errors.ts'];

const channels = new Set(['whatsapp', 'slack', 'teams', 'web']);
const telcos = new Set(['millom', 'tigo', 'optiva']);

const adapters = readdirSync(join(root, 'adapters'));

describe('every adapter has the files a reader expects', () => {
  test('every folder is a known channel or a known telco', () => {
    expect(adapters.filter((name) => !channels.has(name) && !telcos.has(name))).toEqual([]);
  });

  test.each(adapters.filter((name) => channels.has(name)))('the channel %s', (name) => {
    expect(readdirSync(join(root, 'adapters', name))).toEqual(expect.arrayContaining(channelFiles));
  });

  test.each(adapters.filter((name) => telcos.has(name)))('the telco %s', (name) => {
    expect(readdirSync(join(root, 'adapters', name))).toEqual(expect.arrayContaining(telcoFiles));
  });
});
