import type { PgPool } from 'bullmq';

export interface ChannelListener {
  heard(payload: string): void;
  /** The connection was away: what was published meanwhile went by unheard. */
  missed(): void;
}

/**
 * The database as the stores of what is under way use it: apart from the ledger, so that neither waits for the other's
 * connections. Nothing is connected before the first use.
 */
export interface Sql {
  /** One statement, one round trip. Rejects within about a second when the database is away. */
  query<Row>(text: string, params?: readonly unknown[]): Promise<Row[]>;
  /** Hears `NOTIFY` of any process on `channel`, until the returned function is called; connects again by itself. */
  listen(channel: string, listener: ChannelListener): Promise<() => Promise<void>>;
  /** For BullMQ: connections whose unqualified names are those of its own schema, which is brought up to date first. */
  queuePool(): Promise<PgPool>;
  close(): Promise<void>;
}

/** Publishes to `listen`ers of all processes. What cannot be published is dropped: listeners look for themselves, too. */
export type Publish = (channel: string, payload: string) => void;

/**
 * Publishing apart from what is published about, many at a time: a `NOTIFY` makes its transaction's commit wait for every other
 * one's, so a thousand deliveries a second may not each hold one.
 */
export function createPublish(sql: Pick<Sql, 'query'>): Publish {
  let waiting = new Map<string, readonly [channel: string, payload: string]>();
  let sending = false;

  async function send(): Promise<void> {
    sending = true;
    while (waiting.size > 0) {
      const batch = [...waiting.values()];
      waiting = new Map();
      await sql
        .query('select pg_notify(channel, payload) from unnest($1::text[], $2::text[]) as batch(channel, payload)', [
          batch.map(([channel]) => channel),
          batch.map(([, payload]) => payload),
        ])
        .catch(() => undefined);
    }
    sending = false;
  }

  return (channel, payload) => {
    waiting.set(`${channel}\n${payload}`, [channel, payload]);
    if (!sending) void send();
  };
}
