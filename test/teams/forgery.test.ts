import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createHttpOut, type Http } from '../../adapters/teams/http.js';
import { createVerifier, type Verifier } from '../../adapters/teams/verify.js';
import { APP_ID, ISSUER, type Microsoft, makeKey, startMicrosoft } from './microsoft.js';

let microsoft: Microsoft;
let http: Http;
let verifier: Verifier;
beforeAll(async () => {
  microsoft = await startMicrosoft();
  http = createHttpOut();
  verifier = createVerifier({
    http,
    appId: APP_ID,
    issuer: ISSUER,
    openIdMetadataUrl: microsoft.openIdMetadataUrl,
    now: Date.now,
  });
});
afterAll(async () => {
  await http.close();
  await microsoft.close();
});

/** 2,000 by default; 100,000 before a release (FORGERIES=100000). */
const numRuns = Number(process.env['FORGERIES'] ?? 2_000);

test(`${numRuns} forged tokens, and none is taken`, async () => {
  const genuine = await microsoft.token();
  const [head = '', body = '', signature = ''] = genuine.split('.');
  await expect(verifier.verify(`Bearer ${genuine}`)).resolves.toMatchObject({ serviceUrl: microsoft.serviceUrl });
  const stranger = await microsoft.token({}, { key: await makeKey('key-1') });
  const encode = (json: unknown) => Buffer.from(JSON.stringify(json)).toString('base64url');
  const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
  const letters = fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');

  const headers = fc.record(
    {
      alg: fc.constantFrom('none', 'None', 'HS256', 'RS384', 'RS512', 'PS256', 'ES256', '', 'RS256'),
      kid: fc.constantFrom('key-1', 'key-2', '', '../key-1', '__proto__'),
      jwk: fc.constant(microsoft.keys[0]?.publicJwk),
      jku: fc.constant('https://evil.example/keys'),
      crit: fc.constant(['exp']),
      b64: fc.constant(false),
    },
    { requiredKeys: ['alg'] },
  );
  const claims = fc.record(
    {
      aud: fc.constantFrom(APP_ID, 'other'),
      iss: fc.constantFrom(ISSUER, 'https://evil.example'),
      exp: fc.constantFrom(4_000_000_000, -1, '4000000000'),
      serviceurl: fc.constant('https://evil.example/'),
      nbf: fc.constantFrom(0, 9_999_999_999),
    },
    { requiredKeys: [] },
  );
  const forged = fc.oneof(
    // One letter of it changed.
    fc
      .tuple(fc.nat(genuine.length - 2), letters)
      .map(([at, letter]) => genuine.slice(0, at) + letter + genuine.slice(at + 1)),
    // Other claims, or another header, under the same signature, somebody else's, or none.
    fc
      .tuple(headers, claims, fc.constantFrom(signature, stranger.split('.')[2], '', 'AAAA'))
      .map(
        ([changed, said, sign]) =>
          `${encode({ ...decode(head), ...changed })}.${encode({ ...decode(body), ...said })}.${sign}`,
      ),
    // Cut short, or longer.
    fc.nat(genuine.length - 1).map((length) => genuine.slice(0, length)),
    fc.string({ maxLength: 40 }).map((rest) => `${genuine}.${rest}`),
    fc.constant(stranger),
    fc.string({ maxLength: 300 }),
  );

  await fc.assert(
    fc.asyncProperty(forged, async (token) => {
      fc.pre(token !== genuine);
      await expect(verifier.verify(`Bearer ${token}`)).rejects.toMatchObject({ status: 401 });
    }),
    { numRuns, seed: 20_261_121 },
  );
}, 600_000);
