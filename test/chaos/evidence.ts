import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { PurchaseState } from '../../bot/domain/purchase.js';
import type { Evidence, PurchaseEvidence, Telling, Wipe } from './oracle.js';
import type { PostgresServer } from './stores.js';
import type { Crowd } from './subscribers.js';
import { readMessage } from './told.js';

/** Entries of the journal that the processes of a run wrote. */
const entry = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('sent'), at: z.number(), conversation: z.string(), message: z.unknown() }),
  z.object({ kind: z.literal('post'), at: z.number(), transaction: z.string(), status: z.number() }),
  z.object({ kind: z.literal('died'), at: z.number(), pid: z.number(), point: z.string() }),
]);
export type Entry = z.infer<typeof entry>;

export function readJournal(path: string): Entry[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.flatMap((line) => (line === '' ? [] : [entry.parse(JSON.parse(line))]));
}

export interface Sources {
  readonly journal: string;
  readonly postgres: PostgresServer;
  /** The sandbox's own address. */
  readonly telcoUrl: string;
  readonly crowd: Crowd;
  readonly deduplicates: boolean;
  readonly wipes: readonly Wipe[];
}

/** Everything the oracle wants to know, from the journal, PostgreSQL, the telco and the pages. */
export async function gather(sources: Sources): Promise<Evidence> {
  const entries = readJournal(sources.journal);
  const [purchases, humans, humansAfterMs, owed, charges] = await Promise.all([
    readPurchases(sources.postgres),
    readHumans(sources.postgres),
    readCalls(sources.postgres),
    sources.postgres.query<{ kind: string; subject: string }>('select kind, subject from outbox where done_at is null'),
    readCharges(sources.telcoUrl),
  ]);
  return {
    deduplicates: sources.deduplicates,
    purchases,
    charges,
    posts: entries.flatMap((post) => (post.kind === 'post' && wasRead(post.status) ? [post.transaction] : [])),
    shown: sources.crowd.pages.flatMap(({ shown, conversation }) => shown.map((told) => ({ ...told, conversation }))),
    sent: entries.flatMap((sent): Telling[] =>
      sent.kind === 'sent' ? [{ ...readMessage(sent.message), conversation: sent.conversation, at: sent.at }] : [],
    ),
    taps: sources.crowd.taps,
    humans,
    humansAfterMs,
    owed,
    wipes: sources.wipes,
  };
}

/** What a telco turns away with these was not looked at, and may be sent again (RFC 9110, 15.5.2; RFC 6585, 4). */
function wasRead(status: number): boolean {
  return status !== 401 && status !== 429;
}

/** Purchases that a person was called about. */
export async function readHumans(postgres: PostgresServer): Promise<Set<string>> {
  const rows = await postgres.query<{ subject: string }>(
    "select subject from operator_tasks where kind = 'purchase-unknown' and alerted_at is not null and resolved_at is null",
  );
  return new Set(rows.map(({ subject }) => subject));
}

/** How long after its order a person was called about a purchase. */
async function readCalls(postgres: PostgresServer): Promise<Map<string, number>> {
  const rows = await postgres.query<{ id: string; ms: number }>(
    `select t.subject as id, extract(epoch from t.alerted_at - min(m.at))::float8 * 1000 as ms
     from operator_tasks t join purchase_moves m on m.purchase_id = t.subject and m.state = 'submitting'
     where t.kind = 'purchase-unknown' and t.alerted_at is not null group by t.id`,
  );
  return new Map(rows.map(({ id, ms }) => [id, ms]));
}

interface Row {
  readonly id: string;
  readonly conversation: string;
  readonly state: PurchaseState;
  readonly code: string | null;
  readonly moves: PurchaseState[];
  readonly why: string;
}

async function readPurchases(postgres: PostgresServer): Promise<PurchaseEvidence[]> {
  const rows = await postgres.query<Row>(`
    select id, conversation_id as conversation, state, confirmation_code as code,
      (select array_agg(m.state order by m.move) from purchase_moves m where m.purchase_id = p.id) as moves,
      (select m.why from purchase_moves m where m.purchase_id = p.id order by m.move desc limit 1) as why
    from purchases p`);
  return rows.map(({ code, ...row }) => ({ ...row, reference: code ?? row.id.slice(0, 8) }));
}

const charge = z.object({ transactionId: z.string() });

async function readCharges(telcoUrl: string): Promise<string[]> {
  const response = await fetch(`${telcoUrl}/_sandbox/charges`);
  return z
    .array(charge)
    .parse(await response.json())
    .map(({ transactionId }) => transactionId);
}
