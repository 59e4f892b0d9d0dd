import { z } from 'zod';
import { type LiveLog, LOG_TTL_SECONDS, type LogListener, MAX_ENTRIES, MAX_IDS } from '../live-log.js';
import type { Publish, Sql } from './sql.js';

const CHANNEL = 'refill_log';
/** PostgreSQL takes less than 8,000 bytes; a larger entry is only announced, and read by whoever follows. */
const MAX_PAYLOAD_BYTES = 7_500;

const published = z.union([
  z.object({ log: z.string(), position: z.string().optional(), kind: z.string(), data: z.string() }),
  z.object({ log: z.string() }),
]);

/** A row per entry; entries and signals are told by `NOTIFY`. */
export function createPostgresLiveLog(sql: Sql, publish: Publish): LiveLog {
  const tell = (what: z.infer<typeof published>) => {
    const payload = JSON.stringify(what);
    const fits = Buffer.byteLength(payload) <= MAX_PAYLOAD_BYTES;
    publish(CHANNEL, fits ? payload : JSON.stringify({ log: what.log }));
  };
  return {
    async append(log, id, kind, data) {
      const values = [log, id, kind, data, LOG_TTL_SECONDS * 1000, MAX_ENTRIES, MAX_IDS];
      const [row] = await sql.query<{ place: string | null }>(
        'select live_log_append($1, $2, $3, $4, $5, $6, $7) as place',
        values,
      );
      if (row?.place) tell({ log, position: positionOf(row.place), kind, data });
    },

    async read(log, position = '0-0') {
      const rows = await sql.query<{ place: string; kind: string; data: string }>(
        `select position::text as place, kind, data_sealed as data from live_log_entries
         where log = $1 and position > $2 and data_sealed is not null
           and exists (select from live_logs where name = $1 and ends_at > now())
         order by position`,
        [log, position.split('-')[0]],
      );
      return rows.map(({ place, kind, data }) => ({ position: positionOf(place), kind, data }));
    },

    signal: async (log, kind, data) => tell({ log, kind, data }),

    follow: (listener) => follow(sql, listener),
  };
}

function follow(sql: Sql, { heard, missed }: LogListener) {
  const logs = new Set<string>();
  const listening = sql.listen(CHANNEL, {
    heard(payload) {
      const told = read(payload);
      if (told === undefined) return missed();
      const { log, ...what } = told;
      if (!logs.has(log)) return;
      if (!('kind' in what)) missed(log);
      else if (what.position === undefined) heard(log, { kind: what.kind, data: what.data });
      else heard(log, { position: what.position, kind: what.kind, data: what.data });
    },
    missed: () => missed(),
  });
  return {
    async follow(log: string) {
      logs.add(log);
      await listening;
    },
    unfollow: (log: string) => void logs.delete(log),
    close: () => void listening.then((stop) => stop()).catch(() => undefined),
  };
}

/** `undefined` for what is none of ours (whoever may use the database may notify): a throw here would end the process. */
function read(payload: string): z.infer<typeof published> | undefined {
  try {
    return published.parse(JSON.parse(payload));
  } catch {
    return undefined;
  }
}

/** As browsers hand it back. */
const positionOf = (place: string) => `${place}-0`;
