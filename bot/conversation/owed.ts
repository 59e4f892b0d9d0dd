import type { Jobs } from '../jobs.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Session } from './session.js';

/** The user is back, so what could not be told while they were away can be told now. Afterwards, in messages of its own. */
export async function deliverOwed(
  { ledger, jobs }: { readonly ledger: Pick<Ledger, 'owedTo'>; readonly jobs: Pick<Jobs, 'add'> },
  conversationId: string,
  session: Session,
): Promise<void> {
  if (session.owed !== true) return;
  const ids = await ledger.owedTo(conversationId);
  // What the queue cannot take now, the sweeper finds.
  await Promise.all(ids.map((id) => jobs.add('outbox', id).catch(() => undefined)));
  delete session.owed;
}
