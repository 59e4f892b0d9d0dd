import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreInUse } from './errors.js';

/** Held until released or until this process is gone, however it goes. */
export interface Lock {
  release(): void;
}

const ATTEMPTS = 6;

/**
 * Makes this process the only owner of what lies at `path`, among the processes of this machine. Rejects with `StoreInUse` while
 * another living process (or this one) owns it; what a killed process left is cleared away.
 *
 * Everyone who wants the lock posts a claim, a file `${path}.lock.<pid>.<start time>`, and only then looks at the others'
 * claims: of two at the same moment at least one sees the other and steps back, so there are never two owners, and a dead
 * owner's claim can be removed by anyone without a race. The start time tells an owner from a stranger with a recycled pid.
 */
export async function takeLock(path: string): Promise<Lock> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const prefix = `${basename(path)}.lock.`;
  const own = join(dirname(path), `${prefix}${process.pid}.${startTime(process.pid) ?? ''}`);
  for (let attempt = 1; ; attempt++) {
    if (!post(own)) throw inUse(path, process.pid);
    const owner = livingOwner(dirname(path), prefix, basename(own));
    if (owner === undefined) return { release: () => rmSync(own, { force: true }) };
    rmSync(own, { force: true });
    if (attempt === ATTEMPTS) throw inUse(path, owner);
    // The other one may be stepping back at this very moment.
    await sleep(5 + Math.random() * 40);
  }
}

function inUse(path: string, pid: number): StoreInUse {
  const who = pid === process.pid ? 'this process already has it open' : `process ${pid} has it open`;
  return new StoreInUse(
    `${path} belongs to one Refill at a time, and ${who}: stop that one, or set REFILL_DATA_DIR to another folder`,
  );
}

function post(claim: string): boolean {
  try {
    closeSync(openSync(claim, 'wx', 0o600));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function livingOwner(folder: string, prefix: string, own: string): number | undefined {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(prefix) || name === own) continue;
    const [pid = '', started = ''] = name.slice(prefix.length).split('.');
    if (startTime(Number(pid)) === started) return Number(pid);
    rmSync(join(folder, name), { force: true });
  }
  return undefined;
}

/** When a process began, in the system's own terms; `undefined` when there is no such process (or only its zombie). */
function startTime(pid: number): string | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  try {
    if (process.platform !== 'linux') {
      const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
      return started.replace(/\W+/g, '') || undefined;
    }
    // proc(5): the fields after the command in parentheses; state is the third of all, starttime the 22nd.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    // It counts from the machine's start, so after a reboot the same numbers may come again.
    return `${fields[19]}-${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8)}`;
  } catch {
    return undefined;
  }
}
