import type { Signal } from '../domain/link.js';
import type { IdentityLedger, LinksChanged } from '../ledger/identities.js';
import { type NumberedLine, readNumber } from './links-file.js';
import { type Remarks, remarks } from './links-import.js';
import { spellingsOf } from './number.js';

export type SignalLedger = Pick<
  IdentityLedger,
  'lineOfNumber' | 'blockLine' | 'unblockLine' | 'blockAccount' | 'unblockAccount' | 'noteSignal' | 'dropSignal'
>;

/** What an operator says of a number, or takes back. */
export interface Said {
  readonly what: 'block' | 'unblock';
  readonly reason: Signal;
  /** When it happened; now where that is left out. Of no use for `unblock`. */
  readonly at?: Date | undefined;
  /** For the audit trail: `api:<client>`, `command`. */
  readonly by: string;
}

/**
 * Blocks every link of a number's SIM until it is proved again, and all that the chat account of the number proved, or takes one
 * such signal back. A number nobody has here is no
 * mistake: operators tell of all their SIMs, and whoever links it later is measured by what was said.
 */
export async function applySignal(
  ledger: SignalLedger,
  { operator, msisdn }: NumberedLine,
  { what, reason, at, by }: Said,
): Promise<LinksChanged> {
  const found = await Promise.all(spellingsOf(msisdn).map((spelled) => ledger.lineOfNumber(operator, spelled)));
  const lineIds = [...new Set(found.filter((id) => id !== undefined))];
  if (lineIds.length === 0) {
    await (what === 'block'
      ? ledger.noteSignal(operator, msisdn, reason, at)
      : ledger.dropSignal(operator, msisdn, reason));
  }
  const changed: LinksChanged[] = [];
  for (const lineId of lineIds) {
    changed.push(
      what === 'block'
        ? await ledger.blockLine(lineId, reason, `${by}:${reason}`, at)
        : await ledger.unblockLine(lineId, reason, `${by}:unblock:${reason}`),
    );
  }
  for (const spelled of spellingsOf(msisdn)) {
    changed.push(
      what === 'block'
        ? await ledger.blockAccount(spelled, reason, `${by}:${reason}`, at)
        : await ledger.unblockAccount(spelled, reason, `${by}:unblock:${reason}`),
    );
  }
  return {
    links: changed.reduce((sum, { links }) => sum + links, 0),
    conversationIds: changed.flatMap(({ conversationIds }) => conversationIds),
  };
}

/** The numbers of a text, one a line, empty lines passed over; what is wrong is named by its line, never by what stands there. */
export function readNumbers(
  text: string,
  operator: string,
): { readonly lines: readonly NumberedLine[]; readonly problems: Remarks } {
  const problems = remarks();
  const lines = new Map<string, NumberedLine>();
  for (const [index, msisdn] of text.split(/\r?\n/).entries()) {
    if (msisdn.trim() === '') continue;
    const line = readNumber({ msisdn: msisdn.trim(), operator });
    if (typeof line === 'string') problems.add(index + 1, line);
    else lines.set(line.msisdn, line);
  }
  return { lines: [...lines.values()], problems };
}
