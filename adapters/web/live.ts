import type { ServerResponse } from 'node:http';
import type { Redis } from 'ioredis';
import { type ConversationLog, comparePositions, type Entry } from './log.js';

const HEARTBEAT_MS = 15_000;
/** A browser this far behind is cut off; it comes back with Last-Event-ID and misses nothing. */
const MAX_BUFFERED_BYTES = 1_000_000;
export const MAX_CLIENTS = 2_000;
export const MAX_CLIENTS_PER_CONVERSATION = 20;

/** Server-sent events for all open pages of this process, fed by one Redis subscriber. */
export interface Live {
  /** False when this conversation, or the process, has as many open pages as it may have. */
  hasRoom(conversation: string): boolean;
  /** Sends `replay`, then whatever comes, until the browser leaves or `close` is called. The response must be open. */
  attach(conversation: string, response: ServerResponse, replay: readonly Entry[], after: string | undefined): void;
  /** Ends every stream and the subscriber. Safe to call twice. */
  close(): void;
}

interface Client {
  readonly conversation: string;
  readonly response: ServerResponse;
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

export function createLive(log: ConversationLog, connect: () => Redis): Live {
  const rooms = new Map<string, Set<Client>>();
  let subscriber: Redis | undefined;
  let heartbeat: NodeJS.Timeout | undefined;
  let clientCount = 0;
  let closed = false;

  const everyone = () => [...rooms.values()].flatMap((room) => [...room]);

  function start(): Redis {
    const redis = connect();
    redis.on('message', (channel: string, published: string) => {
      const room = rooms.get(channel);
      const item = room && log.decode(published);
      if (!item) return;
      for (const client of room) {
        if ('position' in item) sendEntry(client, item);
        else write(client.response, `event: ${item.kind}\ndata: ${item.data}\n\n`);
      }
    });
    // After a break, what was published meanwhile is in the log.
    redis.on('ready', () => {
      if (rooms.size > 0) redis.subscribe(...rooms.keys()).then(() => everyone().forEach(catchUp), ignore);
    });
    redis.on('error', ignore); // It reconnects by itself, and /readyz reports Redis.
    heartbeat = setInterval(() => {
      for (const { response } of everyone()) write(response, ': still here\n\n');
    }, HEARTBEAT_MS);
    heartbeat.unref();
    return redis;
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

  function leave(channel: string, client: Client): void {
    const room = rooms.get(channel);
    if (!room?.delete(client)) return;
    clientCount -= 1;
    if (room.size > 0) return;
    rooms.delete(channel);
    subscriber?.unsubscribe(channel).catch(ignore);
  }

  return {
    hasRoom(conversation) {
      const room = rooms.get(log.channelOf(conversation));
      return !closed && clientCount < MAX_CLIENTS && (room?.size ?? 0) < MAX_CLIENTS_PER_CONVERSATION;
    },

    attach(conversation, response, replay, after) {
      if (closed) {
        response.end();
        return;
      }
      const channel = log.channelOf(conversation);
      const client: Client = { conversation, response, position: after, state: 'joining', missed: false };
      const room = rooms.get(channel) ?? new Set();
      rooms.set(channel, room.add(client));
      clientCount += 1;
      response.on('close', () => leave(channel, client));
      response.on('error', () => leave(channel, client));
      write(response, 'retry: 1000\n\n');
      for (const entry of replay) writeEntry(client, entry);
      // Tells the page that it has seen the past: an empty one is the moment to say hello.
      write(response, 'event: ready\ndata: {}\n\n');
      subscriber ??= start();
      // The replay was read before this subscription stood: once it does, fetch what fell between.
      // When the connection breaks first, `ready` does it.
      subscriber.subscribe(channel).then(() => catchUp(client), ignore);
    },

    close() {
      closed = true;
      clearInterval(heartbeat);
      for (const { response } of everyone()) response.end();
      subscriber?.disconnect();
      subscriber = undefined;
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
