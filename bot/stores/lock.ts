import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreInUse } from './errors.js';

/** Held until released or until this process is gone, however it goes. */
export interface Lock {
  release(): void;
}

const ATTEMPTS = 6;

/** A Unix socket's path has 108 bytes on Linux and 104 on macOS, its closing zero included; Node cuts off what is longer. */
export const LONGEST_SOCKET_PATH = 100;

/**
 * Makes this process the only owner of what lies at `path`, among the processes of this machine. Rejects with `StoreInUse` while
 * another living process (or this one) owns it; what a killed process left is cleared away.
 *
 * Everyone who wants the lock posts a claim, a file `${path}.lock.<pid>.<start time>`, and only then looks at the others'
 * claims: of two at the same moment at least one sees the other and steps back, so there are never two owners, and a dead
 * owner's claim can be removed by anyone without a race. The start time tells an owner from a stranger with a recycled pid.
 *
 * Containers that share a folder do not see each other's processes. So the claim is a socket on which its owner listens, for as
 * long as the kernel knows it, where the path is short enough and the file system has sockets. Elsewhere it is an empty file, and
 * only what runs in the same container (or in none) keeps off.
 */
export async function takeLock(path: string): Promise<Lock> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const prefix = `${basename(path)}.lock.`;
  const own = join(dirname(path), `${prefix}${process.pid}.${startTime(process.pid) ?? ''}`);
  for (let attempt = 1; ; attempt++) {
    if (!post(own)) throw inUse(path, 'this process already has it open');
    const lock = lockOf(own, await listenAt(own));
    const owner = await livingOwner(dirname(path), prefix, basename(own));
    if (owner === undefined) return lock;
    lock.release();
    if (attempt === ATTEMPTS) throw inUse(path, `${owner} has it open`);
    // The other one may be stepping back at this very moment.
    await sleep(5 + Math.random() * 40);
  }
}

function lockOf(claim: string, server: Server | undefined): Lock {
  return {
    release() {
      server?.close();
      rmSync(claim, { force: true });
    },
  };
}

function inUse(path: string, who: string): StoreInUse {
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

/** Puts a socket that listens in the claim's place, in one step: one that does not listen yet would be taken for a dead owner's. */
async function listenAt(claim: string): Promise<Server | undefined> {
  const draft = join(dirname(claim), `.${basename(claim)}`);
  if (Buffer.byteLength(draft) > LONGEST_SOCKET_PATH) return undefined;
  const server = createServer((socket) => socket.destroy()).unref();
  server.on('error', () => undefined); // shows up below; later ones cost the lock nothing
  try {
    await once(server.listen(draft), 'listening');
    renameSync(draft, claim);
    return server;
  } catch {
    server.close();
    return undefined;
  }
}

/** Who it is, in words. */
async function livingOwner(folder: string, prefix: string, own: string): Promise<string | undefined> {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(prefix) || name === own) continue;
    const [pid = '', started = ''] = name.slice(prefix.length).split('.');
    if (startTime(Number(pid)) === started) return `process ${pid}`;
    if (await answers(join(folder, name))) return `process ${pid} of another container`;
    rmSync(join(folder, name), { force: true });
  }
  return undefined;
}

/** Whether somebody listens at a claim. Who may not ask does not know that nobody does. */
async function answers(claim: string): Promise<boolean> {
  if (Buffer.byteLength(claim) > LONGEST_SOCKET_PATH) return false;
  const socket = connect(claim);
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    return ['EACCES', 'EAGAIN'].includes((error as NodeJS.ErrnoException).code ?? '');
  } finally {
    socket.destroy();
  }
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
