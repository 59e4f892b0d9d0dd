import { expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { randomOf } from '../access/forgeries.js';

/** Forged requests per entrance: a share for everybody's test run, `REFILL_TEST_MUTATIONS=100000` for all (docs/security.md). */
export const MUTATIONS = Number(process.env['REFILL_TEST_MUTATIONS'] ?? 3_000);
export const SEED = 20_261_121;
/** For a whole run, in milliseconds. */
export const FORGING_MS = 1_800_000;

export type Random = (below: number) => number;

/** A request as `http.inject` takes it; a header that is a list is sent as many times. */
export interface Request {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body?: string;
}

/** Makes something that nobody signed out of a request that is good. */
export type Way = (good: Request, random: Random) => Request | Promise<Request>;

/** A door, what is good there, and what is tried. */
export interface Entrance {
  /** A request that is taken. */
  readonly genuine: (random: Random) => Request | Promise<Request>;
  readonly ways: Readonly<Record<string, Way>>;
  /** The status of the answer. */
  readonly send: (request: Request) => Promise<number>;
  /** How many got past the door so far, counted behind it; without it the status is all there is to go by. */
  readonly passed?: () => number;
  /** What a refusal may be. Anything else counts as taken: a limit or a fault would hide what the check would have said. */
  readonly refusals: readonly number[];
}

/** Forgeries that wait for their answers at a time. */
const SIDE_BY_SIDE = 16;
/** Genuine requests sent among the forged ones, so that a door that refuses everything is noticed. */
const GENUINE = 10;

/**
 * Sends `MUTATIONS` forged requests, every way as often, the same ones for the same seed; none is taken, and the genuine ones in
 * between all are.
 */
export async function expectNoneTaken({ genuine, ways, send, passed, refusals }: Entrance): Promise<void> {
  const random = randomOf(SEED);
  const names = Object.keys(ways);
  const taken: string[] = [];
  let good = 0;
  for (let made = 0; made < MUTATIONS; ) {
    if (made >= (good * MUTATIONS) / GENUINE) {
      expect(await send(await genuine(random))).toBeLessThan(400);
      good++;
    }
    const sent: Promise<void>[] = [];
    for (let beside = 0; beside < SIDE_BY_SIDE && made < MUTATIONS; beside++, made++) {
      const name = names[made % names.length] ?? '';
      const from = await genuine(random);
      const forged = await ways[name]?.(from, random);
      if (forged === undefined || JSON.stringify(forged) === JSON.stringify(from))
        throw new Error(`${name}: no change`);
      sent.push(
        send(forged).then((status) => {
          if (!refusals.includes(status)) taken.push(`${name}: ${status}`);
        }),
      );
    }
    await Promise.all(sent);
  }
  expect([...new Set(taken)]).toEqual([]);
  if (passed !== undefined) expect(passed()).toBe(good);
  expect(MUTATIONS).toBeGreaterThanOrEqual(names.length);
}

/** The test of one door, opened when it runs: forged requests, of which none is taken. */
export function testForged(what: string, open: () => Entrance | Promise<Entrance>): void {
  test(
    `${MUTATIONS} forged ${what} (seed ${SEED}): none is taken`,
    async () => expectNoneTaken(await open()),
    FORGING_MS,
  );
}

type Misspell = (text: string, random: Random) => string;

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

const changed: Misspell = (text, random) => {
  const at = random(text.length);
  const others = LETTERS.replace(text[at] ?? '', '');
  return text.slice(0, at) + others[random(others.length)] + text.slice(at + 1);
};

/** One letter in the other case; another letter where there is none. */
const turned: Misspell = (text, random) => {
  const found = [...text.matchAll(/[a-z]/gi)].map(({ index }) => index);
  const at = found[random(found.length)];
  if (at === undefined) return changed(text, random);
  const letter = text[at] ?? '';
  const other = letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
  return text.slice(0, at) + other + text.slice(at + 1);
};

/** A text that is not quite the same. */
const NEAR_MISSES: Readonly<Record<string, Misspell>> = {
  'one letter changed': changed,
  'the last letter changed': (text, random) => {
    const others = LETTERS.replace(text.at(-1) ?? '', '');
    return text.slice(0, -1) + others[random(others.length)];
  },
  'cut short': (text, random) => text.slice(0, random(text.length)),
  'its beginning missing': (text, random) => text.slice(1 + random(text.length - 1)),
  longer: (text, random) => text + LETTERS[random(LETTERS.length)],
  'twice over': (text) => text + text,
  'the case of a letter': turned,
  'all in capitals': (text, random) => (text === text.toUpperCase() ? turned(text, random) : text.toUpperCase()),
  'white space within': (text, random) => {
    const at = 1 + random(text.length - 1);
    return text.slice(0, at) + [' ', '\t', '  '][random(3)] + text.slice(at);
  },
  padding: (text, random) => text + ['=', '==', '%00', '.', ','][random(5)],
  'two letters exchanged': (text, random) => {
    const at = random(text.length - 1);
    const [first = '', second = ''] = text.slice(at);
    return first === second ? changed(text, random) : text.slice(0, at) + second + first + text.slice(at + 2);
  },
};

/** Each near miss of one part of a request. */
export function misspelt(
  what: string,
  read: (request: Request) => string,
  write: (request: Request, text: string) => Request,
): Record<string, Way> {
  return Object.fromEntries(
    Object.entries(NEAR_MISSES).map(([name, change]): [string, Way] => [
      `${what}: ${name}`,
      (good, random) => write(good, change(read(good), random)),
    ]),
  );
}

/** The same request with some headers replaced; `undefined` leaves one out. */
export function withHeaders(good: Request, change: Readonly<Record<string, string | string[] | undefined>>): Request {
  const headers = Object.fromEntries(
    Object.entries({ ...good.headers, ...change }).filter(
      (entry): entry is [string, string | string[]] => entry[1] !== undefined,
    ),
  );
  return { ...good, headers };
}

/** One header of a request that sends it once. */
export function headerOf({ headers }: Request, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
}

/** Bodies that differ from the one that was signed: by a byte, by white space, by how the JSON is written. */
export const OTHER_BODIES: Readonly<Record<string, Way>> = {
  'body: one byte changed': (good, random) => ({
    ...good,
    body: changed(good.body ?? '', random),
  }),
  'body: cut short': (good, random) => ({
    ...good,
    body: (good.body ?? '').slice(0, random((good.body ?? '').length)),
  }),
  'body: white space after it': (good, random) => ({
    ...good,
    body: good.body + ([' ', '\n', '\r\n', '\t'][random(4)] ?? ''),
  }),
  'body: white space before it': (good, random) => ({
    ...good,
    body: ([' ', '\n', '\ufeff'][random(3)] ?? '') + good.body,
  }),
  'body: none': ({ body: _body, ...good }) => good,
  'body: written again': (good) => {
    const again = JSON.stringify(JSON.parse(good.body ?? ''), undefined, 1);
    return { ...good, body: again };
  },
};

/** Sends into a server of this process. */
export function into(http: FastifyInstance): Entrance['send'] {
  return async ({ body, ...request }) => {
    const given = { ...request, headers: { ...request.headers }, ...(body !== undefined && { payload: body }) };
    return (await http.inject(given)).statusCode;
  };
}

export const pick = <T>(from: readonly T[], random: Random): T => from[random(from.length)] as T;
