import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Agent, request } from 'undici';
import { isInside, outboundUrl, safeLookup } from '../../bot/outbound.js';

const RULES = { hosts: ['smba.trafficmanager.net', '*.botframework.com'] };
const refused = expect.objectContaining({ code: 'OUTBOUND_REFUSED' });

describe('an address behind NAT64', () => {
  test.each(['64:ff9b::8.8.8.8', '64:ff9b::808:808', '64:FF9B:0:0:0:0:0808:0808'])(
    'is the IPv4 address it stands for: %s may be called',
    (address) => expect(isInside(address)).toBe(false),
  );
  test.each([
    '64:ff9b::169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b::10.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b::',
    '64:ff9b::1',
    '64:ff9b:1::808:808',
  ])('is the IPv4 address it stands for: %s may not', (address) => expect(isInside(address)).toBe(true));
});

describe('a URL from outside', () => {
  test.each([
    'https://smba.trafficmanager.net/emea/',
    'https://directline.botframework.com/x',
    'https://SMBA.trafficmanager.net./',
  ])('may be called: %s', (url) => expect(outboundUrl(url, RULES).protocol).toBe('https:'));

  test.each([
    'http://smba.trafficmanager.net/',
    'https://smba.trafficmanager.net:8443/',
    'https://evil.example/?smba.trafficmanager.net',
    'https://smba.trafficmanager.net.evil.example/',
    'https://notbotframework.com/',
    'https://botframework.com/',
    'https://user:pw@smba.trafficmanager.net/',
    'https://smba.trafficmanager.net@evil.example/',
    'https://evil.example\\@smba.trafficmanager.net/',
    'https://169.254.169.254/latest/meta-data/',
    'https://2852039166/',
    'https://0x7f.1/',
    'https://[::ffff:169.254.169.254]/',
    'http://127.0.0.1/',
    'file:///etc/passwd',
    'gopher://smba.trafficmanager.net/',
    'javascript:alert(1)',
    '//smba.trafficmanager.net/',
    '',
  ])('may not be called, and is not repeated: %s', (url) => {
    expect(() => outboundUrl(url, RULES)).toThrow(refused);
    try {
      outboundUrl(url, RULES);
    } catch (error) {
      if (url !== '') expect(String(error)).not.toContain(url);
    }
  });

  test('on this machine may be called by a simulator only, and other networks not even then', () => {
    expect(outboundUrl('http://127.0.0.1:3978/', { ...RULES, local: true }).port).toBe('3978');
    expect(outboundUrl('http://localhost:3978/', { ...RULES, local: true }).port).toBe('3978');
    for (const url of ['http://10.0.0.1/', 'http://169.254.169.254/', 'http://127.0.0.1.evil.example/']) {
      expect(() => outboundUrl(url, { ...RULES, local: true })).toThrow(refused);
    }
  });

  test('that passes always has one of the hosts, whatever was put around it', () => {
    const part = fc.constantFrom(
      'https://',
      'http://',
      'smba.trafficmanager.net',
      'evil.example',
      '@',
      ':',
      '/',
      '\\',
      '?',
      '#',
      '.',
      '%2e',
      '\t',
      '443',
      '[::1]',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        let url: URL;
        try {
          url = outboundUrl(parts.join(''), RULES);
        } catch (error) {
          expect(error).toEqual(refused);
          return;
        }
        expect(url.protocol).toBe('https:');
        expect(url.hostname.replace(/\.$/, '')).toBe('smba.trafficmanager.net');
      }),
      { seed: 55, numRuns: 20_000 },
    );
  });
});

test.each([
  ['127.0.0.1', true],
  ['10.1.2.3', true],
  ['169.254.169.254', true],
  ['100.64.0.1', true],
  ['::1', true],
  ['fe80::1', true],
  ['fd00::1', true],
  ['::ffff:10.0.0.1', true],
  ['::ffff:a00:1', true],
  ['64:ff9b::a00:1', true],
  ['not an address', true],
  ['52.112.0.1', false],
  ['2603:1063::1', false],
])('%s is inside: %s', (address, inside) => expect(isInside(address)).toBe(inside));

describe('a name that resolves to the inside', () => {
  const answers = (...addresses: string[]) =>
    ((_host: string, _options: object, done: (error: null, all: { address: string; family: number }[]) => void) =>
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      )) as never;

  test('is not connected to, nor is one with a single such address among good ones', async () => {
    let knocked = 0;
    const server = createServer((_, response) => {
      knocked++;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    for (const addresses of [['127.0.0.1'], ['52.112.0.1', '127.0.0.1'], ['::1'], []]) {
      const dispatcher = new Agent({ connect: { lookup: safeLookup(answers(...addresses)) } });
      await expect(request(`http://service.example:${port}/`, { dispatcher })).rejects.toEqual(refused);
      await dispatcher.destroy();
    }
    expect(knocked).toBe(0);
    server.close();
  });

  test('a good answer is used as it was checked: there is no second question to answer differently', async () => {
    let asked = 0;
    const rebinding = ((_host: string, _options: object, done: (error: null, all: object[]) => void) => {
      asked++;
      done(null, [{ address: asked === 1 ? '52.112.0.1' : '127.0.0.1', family: 4 }]);
    }) as never;
    const lookup = safeLookup(rebinding);
    const got = await new Promise((resolve) => lookup('x.example', { all: false }, (...result) => resolve(result)));
    expect(got).toEqual([null, '52.112.0.1', 4]);
    expect(asked).toBe(1);
  });
});
