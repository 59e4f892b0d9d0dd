import { sql } from 'drizzle-orm';
import { afterEvent, isFinal, OPEN_STATES, type PurchaseEvent, type PurchaseState } from '../../bot/domain/purchase.js';
import type { Phone, World } from './world.js';

/** A promise was broken; the message names the purchase. */
export class Broken extends Error {}

interface Row {
  readonly id: string;
  readonly phone: Phone;
  readonly state: PurchaseState;
  readonly reference: string;
  /** What was pressed, or what it stood for. */
  readonly confirmation: string;
  readonly moves: readonly { readonly state: PurchaseState; readonly why: string }[];
  /** Receipts that are, or were, owed. */
  readonly receipts: number;
  /** Promises that are not kept yet. */
  readonly owed: number;
  /** A person has it. */
  readonly human: boolean;
}

async function purchasesOf({ database }: World): Promise<Row[]> {
  const result = await database.drizzle.execute(sql`
    select p.id, p.conversation_id as phone, p.state, coalesce(p.confirmation_code, left(p.id, 8)) as reference, p.confirmation,
      (select json_agg(json_build_object('state', m.state, 'why', m.why) order by m.move)
        from purchase_moves m where m.purchase_id = p.id) as moves,
      (select count(*)::int from outbox o where o.subject = p.id and o.kind = 'receipt') as receipts,
      (select count(*)::int from outbox o where o.subject = p.id and o.done_at is null) as owed,
      exists (select 1 from operator_tasks t where t.subject = p.id and t.kind = 'purchase-unknown'
        and t.resolved_at is null) as human
    from purchases p order by p.created_at`);
  return (result as unknown as { rows: Row[] }).rows;
}

/** What must be so at every moment, whatever is under way. */
export async function checkAlways(world: World): Promise<readonly Row[]> {
  const rows = await purchasesOf(world);
  const open = rows.filter(({ state }) => OPEN_STATES.includes(state));
  if (open.length > 1) throw new Broken(`two purchases under way: ${open.map(({ id }) => id).join(', ')}`);
  const known = new Set(rows.map(({ id }) => id));
  for (const id of world.telco.posts)
    if (!known.has(id)) throw new Broken(`${id} was posted, and is not in the ledger`);
  if (rows.length > world.pressed.size) throw new Broken(`more was bought than confirmed: ${rows.map(({ id }) => id)}`);
  if (new Set(rows.map(({ confirmation }) => confirmation)).size < rows.length)
    throw new Broken(`one confirmation was bought twice: ${rows.map(({ id }) => id)}`);
  for (const row of rows) checkPurchase(world, row);
  checkWords(world, rows);
  return rows;
}

function checkPurchase({ telco }: World, { id, state, moves, receipts }: Row): void {
  const charges = telco.charges.filter((charged) => charged === id).length;
  const posts = telco.posts.filter((posted) => posted === id).length;
  if (charges > 1) throw new Broken(`${id} was charged ${charges} times`);
  if (posts > 1 && !telco.deduplicates) throw new Broken(`${id} was posted ${posts} times`);
  if (posts > 0 && state === 'confirmed') throw new Broken(`${id} was posted, and its marker is gone`);
  if (state === 'completed' && charges === 0) throw new Broken(`${id} is completed, and nothing was charged`);
  if (state === 'failed' && charges > 0) throw new Broken(`${id} is called failed, and was charged`);
  if (receipts !== (isFinal(state) ? 1 : 0)) throw new Broken(`${id} is ${state} and owes ${receipts} receipts`);
  checkMoves(id, state, moves);
}

/** The audit trail tells the whole way, and every step of it was allowed. */
function checkMoves(id: string, state: PurchaseState, moves: Row['moves']): void {
  const trail = moves.map((move) => move.why).join(' → ');
  if (moves[0]?.why !== 'confirmed') throw new Broken(`${id}: its trail begins with ${trail}`);
  if (moves.at(-1)?.state !== state) throw new Broken(`${id} is ${state}, its trail says ${trail}`);
  for (const [index, { state: to, why }] of moves.entries()) {
    const from = moves[index - 1]?.state;
    if (from !== undefined && afterEvent(from, why as PurchaseEvent) !== to) throw new Broken(`${id}: ${trail}`);
  }
}

/** Nobody hears of a receipt that is not so, or of an order that is not there. */
function checkWords(world: World, rows: readonly Row[]): void {
  const references = rows.filter(({ state }) => state === 'completed').map(({ reference }) => reference);
  const failed = rows.some(({ state }) => state === 'failed');
  for (const { kind, reference } of [...world.told.a, ...world.told.b]) {
    if (kind === 'receipt' && !references.includes(reference ?? '')) throw new Broken(`a receipt says ${reference}`);
    if (kind === 'failed' && !failed) throw new Broken('told that a purchase failed, and none did');
  }
  const ordered = [...world.told.a, ...world.told.b].filter(({ kind }) => kind === 'ordered').length;
  if (ordered > rows.length) throw new Broken(`${ordered} orders were confirmed, ${rows.length} are in the ledger`);
}

/** What must be so once everything had its time: ended and told, or with a person. */
export async function checkAtTheEnd(world: World): Promise<void> {
  for (const { id, phone, state, reference, owed, human } of await checkAlways(world)) {
    if (owed > 0) throw new Broken(`${id}: a promise is still open`);
    if (state === 'unknown' && !human) throw new Broken(`${id} is unknown, and no person has it`);
    if (state !== 'unknown' && !isFinal(state)) throw new Broken(`${id} is still ${state}`);
    const told = world.told[phone];
    const heard =
      state === 'completed'
        ? told.some((one) => one.kind === 'receipt' && one.reference === reference)
        : told.some(({ kind }) => kind === (state === 'failed' ? 'failed' : 'checking'));
    if (!heard) throw new Broken(`${id} is ${state}, and its buyer was not told`);
  }
}
