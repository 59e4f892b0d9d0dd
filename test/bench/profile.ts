import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { packageRoot } from '../../bot/paths.js';
import { tempDatabase } from './postgres.js';
import { buyUnder } from './purchases.js';
import { tempDataDir } from './refill.js';
import type { Settings } from './settings.js';
import { warmUp, withRefill } from './turns.js';

export interface Cost {
  readonly name: string;
  /** Share of all samples in which the process was not idle. */
  readonly share: number;
}

/** Where processor time went. */
export interface Profile {
  /** Files of ours and packages, with what they had Node do for them: crypto, sockets, streams. */
  readonly byPart: readonly Cost[];
  /** Functions, without what they called. */
  readonly byFunction: readonly Cost[];
}

const cpuProfile = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      children: z.array(z.number()).optional(),
      callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number() }),
    }),
  ),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
  endTime: z.number(),
});

const SECONDS = 15;

/** Profiles Refill at its limit. The profiler itself takes a tenth or so. */
export async function profileTurns(settings: Settings): Promise<Profile> {
  const folder = tempDataDir();
  try {
    const nodeOptions = ['--cpu-prof', `--cpu-prof-dir=${folder.path}`];
    await withRefill({ settings, nodeOptions }, async (parts) => {
      await warmUp(settings, parts);
      await parts.driver.measure({ do: 'closed', seconds: SECONDS });
    });
    return readProfile(folder.path, SECONDS);
  } finally {
    folder.remove();
  }
}

/** Profiles Refill while as much is bought as it can bear; on PostgreSQL with `settings.postgres`. */
export async function profilePurchases(settings: Settings): Promise<Profile> {
  const folder = tempDataDir();
  const database = settings.postgres ? await tempDatabase() : undefined;
  try {
    const nodeOptions = ['--cpu-prof', `--cpu-prof-dir=${folder.path}`];
    const seconds = await buyUnder({ settings, databaseUrl: database?.url, nodeOptions });
    return readProfile(folder.path, seconds);
  } finally {
    await database?.drop();
    folder.remove();
  }
}

/** Adds up the last `seconds` of the profile that `node --cpu-prof --cpu-prof-dir=folder` left. */
function readProfile(folder: string, seconds: number): Profile {
  const file = readdirSync(folder).find((name) => name.endsWith('.cpuprofile'));
  if (file === undefined) throw new Error('the profiler left nothing');
  const { nodes, samples, timeDeltas } = cpuProfile.parse(JSON.parse(readFileSync(join(folder, file), 'utf8')));
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const callers = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const parts = new Map<string, number>();
  const functions = new Map<string, number>();
  let left = seconds * 1e6;
  for (let index = samples.length - 1; index >= 0 && left > 0; index--) {
    const took = timeDeltas[index] ?? 0;
    left -= took;
    const stack: Frame[] = [];
    for (let id = samples[index]; id !== undefined; id = callers.get(id)) {
      const frame = frames.get(id);
      if (frame !== undefined) stack.push(frame);
    }
    const [leaf] = stack;
    if (leaf === undefined || leaf.functionName === '(idle)') continue;
    add(parts, partOf(stack), took);
    add(functions, nameOf(leaf), took);
  }
  return { byPart: rank(parts), byFunction: rank(functions) };
}

interface Frame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

function add(times: Map<string, number>, name: string, took: number): void {
  times.set(name, (times.get(name) ?? 0) + took);
}

function rank(times: ReadonlyMap<string, number>): Cost[] {
  const total = [...times.values()].reduce((sum, took) => sum + took, 0);
  return [...times].map(([name, took]) => ({ name, share: took / total })).sort((a, b) => b.share - a.share);
}

/** The nearest file of ours or package on the stack, leaf first; else what Node was at. */
function partOf(stack: readonly Frame[]): string {
  const frame = stack.find(({ url }) => url.startsWith('file:'));
  // The last frame is the root of all.
  if (frame === undefined) return `node: ${stack.at(-2)?.functionName || stack.at(0)?.functionName}`;
  const inPackage = frame.url.split('node_modules/').at(-1) ?? '';
  if (inPackage === frame.url) return shorten(frame.url);
  return inPackage.split('/', inPackage.startsWith('@') ? 2 : 1).join('/');
}

function nameOf({ functionName, url, lineNumber }: Frame): string {
  return `${functionName || '(anonymous)'}${url === '' ? '' : ` ${shorten(url)}:${lineNumber + 1}`}`;
}

function shorten(url: string): string {
  if (!url.startsWith('file:')) return url;
  const path = fileURLToPath(url);
  return path.startsWith(packageRoot()) ? path.slice(packageRoot().length).replace(/^\/?(dist\/)?/, '') : path;
}
