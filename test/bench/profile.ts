import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { packageRoot } from '../../bot/paths.js';

/** Where processor time went: its own, not that of what it called. */
export interface Cost {
  readonly name: string;
  /** Share of all samples in which the process was not idle. */
  readonly share: number;
}

export interface Profile {
  readonly byPart: readonly Cost[];
  readonly byFunction: readonly Cost[];
}

const cpuProfile = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number() }),
    }),
  ),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
  endTime: z.number(),
});

/** Adds up the last `seconds` of the profile that `node --cpu-prof --cpu-prof-dir=folder` left. */
export function readProfile(folder: string, seconds: number): Profile {
  const file = readdirSync(folder).find((name) => name.endsWith('.cpuprofile'));
  if (file === undefined) throw new Error('the profiler left nothing');
  const { nodes, samples, timeDeltas } = cpuProfile.parse(JSON.parse(readFileSync(join(folder, file), 'utf8')));
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const parts = new Map<string, number>();
  const functions = new Map<string, number>();
  let total = 0;
  let left = seconds * 1e6;
  for (let index = samples.length - 1; index >= 0 && left > 0; index--) {
    const took = timeDeltas[index] ?? 0;
    const frame = frames.get(samples[index] ?? 0);
    left -= took;
    if (frame === undefined || frame.functionName === '(idle)') continue;
    const part = partOf(frame.url, frame.functionName);
    const name = `${frame.functionName || '(anonymous)'} ${frame.url === '' ? '' : `${shorten(frame.url)}:${frame.lineNumber + 1}`}`;
    parts.set(part, (parts.get(part) ?? 0) + took);
    functions.set(name.trim(), (functions.get(name.trim()) ?? 0) + took);
    total += took;
  }
  return { byPart: rank(parts, total), byFunction: rank(functions, total) };
}

function rank(times: ReadonlyMap<string, number>, total: number): Cost[] {
  return [...times].map(([name, took]) => ({ name, share: took / total })).sort((a, b) => b.share - a.share);
}

/** A file of ours, a package, or a part of Node. */
function partOf(url: string, functionName: string): string {
  if (url === '') return functionName;
  const path = shorten(url);
  const modules = path.split('node_modules/').at(-1) ?? path;
  if (modules !== path) return modules.startsWith('@') ? modules.split('/', 2).join('/') : (modules.split('/')[0] ?? modules);
  return path.startsWith('node:') ? 'node' : path;
}

function shorten(url: string): string {
  if (!url.startsWith('file:')) return url;
  const path = fileURLToPath(url);
  return path.startsWith(packageRoot()) ? path.slice(packageRoot().length).replace(/^\/?(dist\/)?/, '') : path;
}
