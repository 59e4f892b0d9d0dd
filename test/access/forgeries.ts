import { createHmac } from 'node:crypto';

/** Numbers from 0 up to `below`, the same ones for the same seed (mulberry32). */
export function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part: string | undefined) => JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'));
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

export interface Known {
  /** Good tokens, of the same issuer and key, that differ. */
  readonly tokens: readonly string[];
  /** What everybody may read: the public key, as PEM and as JWK. */
  readonly publicPem: string;
  readonly publicJwk: Readonly<Record<string, unknown>>;
  /** A token somebody else signed who says to be us. */
  readonly foreign: readonly string[];
}

type Forge = (parts: readonly [string, string, string], random: (below: number) => number, known: Known) => string;

function changed(text: string, random: (below: number) => number): string {
  const at = random(text.length);
  const others = ALPHABET.replace(text[at] ?? '', '');
  return text.slice(0, at) + others[random(others.length)] + text.slice(at + 1);
}

const header = (parts: readonly string[], change: object) => encode({ ...decode(parts[0]), ...change });
const claims = (parts: readonly string[], change: object) => encode({ ...decode(parts[1]), ...change });
const hmac = (text: string, key: string) => createHmac('sha256', key).update(text).digest('base64url');

/** Ways to make a token that was not issued out of those that were. */
const WAYS: readonly Forge[] = [
  ([h, p, s], random) => `${changed(h, random)}.${p}.${s}`,
  ([h, p, s], random) => `${h}.${changed(p, random)}.${s}`,
  ([h, p, s], random) => `${h}.${p}.${changed(s, random)}`,
  ([h, p, s], random) => `${h}.${p}.${s.slice(0, random(s.length))}`,
  ([h, p, s], random) => `${h}.${p}.${s}${ALPHABET[random(64)]}`,
  ([h, p, s], random) => {
    const bytes = Buffer.from(s, 'base64url');
    bytes[random(bytes.length)] = random(256);
    const mutated = bytes.toString('base64url');
    return `${h}.${p}.${mutated === s ? changed(s, random) : mutated}`;
  },
  // The same bytes, spelt in another way: spare bits, padding, the other alphabet.
  ([h, p, s], random) =>
    `${h}.${p}.${s.slice(0, -1)}${ALPHABET[(ALPHABET.indexOf(s.at(-1) ?? '') & ~15) + ((ALPHABET.indexOf(s.at(-1) ?? '') + 1 + random(15)) & 15)]}`,
  ([h, p, s], random) => `${h}.${p}.${s}${'='.repeat(1 + random(3))}`,
  ([h, p, s], random) => `${' '.repeat(random(2))}${h}.${p}.${s}${['\n', ' ', '\0', '.'][random(4)]}`,
  // The other of the two signatures that every ECDSA signature is.
  ([h, p, s]) => {
    const bytes = Buffer.from(s, 'base64url');
    const other = (ORDER - BigInt(`0x${bytes.subarray(32).toString('hex')}`)).toString(16).padStart(64, '0');
    return `${h}.${p}.${Buffer.concat([bytes.subarray(0, 32), Buffer.from(other, 'hex')]).toString('base64url')}`;
  },
  ([h, p]) => `${h}.${p}.${Buffer.alloc(64).toString('base64url')}`,
  (parts, random) => `${header(parts, { alg: ['none', 'None', 'NONE', 'nOnE'][random(4)] })}.${parts[1]}.`,
  (parts, random) => `${header(parts, { alg: ['none', '', null, 0][random(4)] })}.${parts[1]}.${parts[2]}`,
  (parts, _random, { publicPem }) => {
    const signed = `${header(parts, { alg: 'HS256' })}.${parts[1]}`;
    return `${signed}.${hmac(signed, publicPem)}`;
  },
  (parts, _random, { publicJwk }) => {
    const signed = `${header(parts, { alg: 'HS256', jwk: publicJwk })}.${parts[1]}`;
    return `${signed}.${hmac(signed, JSON.stringify(publicJwk))}`;
  },
  (parts, random) =>
    `${header(parts, { alg: ['ES384', 'RS512', 'EdDSA', 'ES256K'][random(4)] })}.${parts[1]}.${parts[2]}`,
  (parts, random) =>
    `${header(parts, { kid: ['', '../../dev/null', 'x', "' or 1=1"][random(4)] })}.${parts[1]}.${parts[2]}`,
  (parts) => `${header(parts, { crit: ['b64'], b64: false })}.${parts[1]}.${parts[2]}`,
  (parts, random) => `${parts[0]}.${claims(parts, { exp: 4_000_000_000 + random(1_000_000) })}.${parts[2]}`,
  (parts, random) => `${parts[0]}.${claims(parts, { scope: `links.write ${random(1_000_000)}` })}.${parts[2]}`,
  (parts, random) => `${parts[0]}.${claims(parts, { client_id: `other-${random(1_000_000)}` })}.${parts[2]}`,
  ([h, p, s], random, { tokens }) => {
    const [, otherClaims = '', otherSignature = ''] = tokens[random(tokens.length)]?.split('.') ?? [];
    if (otherSignature === s) return `${h}.${p}.${changed(s, random)}`;
    return random(2) === 0 ? `${h}.${otherClaims}.${s}` : `${h}.${p}.${otherSignature}`;
  },
  (_parts, random, { foreign }) => foreign[random(foreign.length)] ?? '',
  ([h, p, s], random) =>
    [`${h}.${p}`, `${h}..${s}`, `.${p}.${s}`, `${h}.${p}.${s}.${s}`, '', '.', '..'][random(7)] ?? '',
];

/** Each way by itself: a forged token out of a good one. */
export const FORGE: readonly ((token: string, random: (below: number) => number, known: Known) => string)[] = WAYS.map(
  (way) => (token, random, known) => {
    const [h = '', p = '', s = ''] = token.split('.');
    return way([h, p, s], random, known);
  },
);

/** `count` forged tokens. */
export function* forgeries(known: Known, seed: number, count: number): Generator<{ token: string; way: number }> {
  const random = randomOf(seed);
  for (let made = 0; made < count; made++) {
    const token = known.tokens[random(known.tokens.length)] ?? '';
    const way = made % FORGE.length;
    yield { token: FORGE[way]?.(token, random, known) ?? '', way };
  }
}

export const WAYS_TO_FORGE = FORGE.length;
