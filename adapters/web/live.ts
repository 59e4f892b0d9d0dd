import type { ServerResponse } from 'node:http';
import type { LogFollower } from '../../bot/live-log.js';
import { type ConversationLog, comparePositions, type Entry, type Signal } from './log.js';

const HEARTBEAT_MS = 15_000;
/** A browser this far behind is cut off; it comes back with Last-Event-ID and misses nothing. */
const MAX_BUFFERED_BYTES = 1_000_000;
export const MAX_CLIENTS = 2_000;
export const MAX_CLIENTS_PER_CONVERSATION = 20;

/** Server-sent events for all open pages of this process, fed by one follower of the log. */
export interface Live {
  /** False when this conversation, or the process, has as many open pages as it may have. */
  hasRoom(conversation: string): boolean;
  /**
   * Sends `replay`, then whatever comes, until the browser leaves, `stillThere` says that it may not go on, or `close` is called. One
   * that left before is not attached.
   */
  attach(
    conversation: string,
    response: ServerResponse,
    replay: readonly Entry[],
    after: string | undefined,
    stillThere?: () => Promise<boolean>,
  ): void;
  /** Ends every stream and the follower. Safe to call twice. */
  close(): void;
}

interface Client {
  readonly conversation: string;
  readonly response: ServerResponse;
  /** Whether its session goes on: asked at every heartbeat. */
  readonly stillThere: () => Promise<boolean>;
  /** The last entry sent: never sent again, never gone back behind. */
  position: string | undefined;
  /**
   * Entries reach us on another connection than the log does, so they may overtake it. Only a `live` client is sent them as
   * they come; before its own subscription stands (`joining`) they are left to the first read, during a read (`reading`) they
   * ask for one more (`missed`), and after one that failed (`behind`) they start the next.
   */
  state: 'joining' | 'reading' | 'live' | 'behind';
  missed: boolean;
}

/** `heartbeatMs`: how often a stream says that it is there, and is asked whether it may be. */
export function createLive(log: ConversationLog, heartbeatMs = HEARTBEAT_MS): Live {
  const rooms = new Map<string, Set<Client>>();
  let follower: LogFollower | undefined;
  let heartbeat: NodeJS.Timeout | undefined;
  let clientCount = 0;
  let closed = false;

  const everyone = () => [...rooms.values()].flatMap((room) => [...room]);

  function hear(conversation: string, what: Entry | Signal): void {
    for (const client of rooms.get(conversation) ?? []) {
      if ('position' in what) sendEntry(client, what);
      else write(client.response, `event: ${what.kind}\ndata: ${what.data}\n\n`);
    }
  }

  function start(): LogFollower {
    heartbeat = setInterval(() => {
      for (const client of everyone()) void beat(client);
    }, heartbeatMs);
    heartbeat.unref();
    return log.follow(hear, (conversation) => {
      const clients = conversation === undefined ? everyone() : (rooms.get(conversation) ?? []);
      for (const client of clients) void catchUp(client);
    });
  }

  async function beat({ response, stillThere }: Client): Promise<void> {
    if (await stillThere().catch(() => false)) write(response, ': still here\n\n');
    else response.end();
  }

  async function catchUp(client: Client): Promise<void> {
    client.missed = true;
    if (client.state === 'reading') return;
    client.state = 'reading';
    try {
      while (client.missed) {
        client.missed = false;
        for (const entry of await log.read(client.conversation, client.position)) writeEntry(client, entry);
      }
      client.state = 'live';
    } catch {
      client.state = 'behind';
    }
  }

  function sendEntry(client: Client, entry: Entry): void {
    if (client.state === 'live') writeEntry(client, entry);
    else if (client.state !== 'joining') void catchUp(client);
  }

  function leave(client: Client): void {
    const room = rooms.get(client.conversation);
    if (!room?.delete(client)) return;
    clientCount -= 1;
    if (room.size > 0) return;
    rooms.delete(client.conversation);
    follower?.unfollow(client.conversation);
  }

  return {
    hasRoom(conversation) {
      const room = rooms.get(conversation);
      return !closed && clientCount < MAX_CLIENTS && (room?.size ?? 0) < MAX_CLIENTS_PER_CONVERSATION;
    },

    attach(conversation, response, replay, after, stillThere = async () => true) {
      // Its `close` was told to nobody and does not come again.
      if (response.destroyed) return;
      if (closed) {
        response.end();
        return;
      }
      const client: Client = { conversation, response, stillThere, position: after, state: 'joining', missed: false };
      const room = rooms.get(conversation) ?? new Set();
      rooms.set(conversation, room.add(client));
      clientCount += 1;
      response.on('close', () => leave(client));
      response.on('error', () => leave(client));
      write(response, 'retry: 1000\n\n');
      for (const entry of replay) writeEntry(client, entry);
      // Tells the page that it has seen the past: an empty one is the moment to say hello.
      write(response, 'event: ready\ndata: {}\n\n');
      follower ??= start();
      // The replay was read before this subscription stood: once it does, fetch what fell between.
      // When the connection breaks first, `missed` does it.
      follower.follow(conversation).then(() => catchUp(client), ignore);
    },

    close() {
      closed = true;
      clearInterval(heartbeat);
      for (const { response } of everyone()) response.end();
      follower?.close();
      follower = undefined;
    },
  };
}

function ignore(): void {}

function writeEntry(client: Client, { position, kind, data }: Entry): void {
  if (client.position !== undefined && comparePositions(position, client.position) <= 0) return;
  client.position = position;
  write(client.response, `id: ${position}\nevent: ${kind}\ndata: ${data}\n\n`);
}

function write(response: ServerResponse, chunk: string): void {
  if (response.writableEnded || response.destroyed) return;
  response.write(chunk);
  if (response.writableLength > MAX_BUFFERED_BYTES) response.destroy();
}
