import type { RunResult } from './run.js';

const COLUMNS = ['mode', 'kills', 'purchases', 'charges', 'receipts', 'unknown', 'lost', 'double', 'time'] as const;

/** The table of all runs, what was done in them, and every breach by name. */
export function report(results: readonly RunResult[]): string {
  const rows = results.map(rowOf);
  const widths = COLUMNS.map((column) => Math.max(column.length, ...rows.map((row) => row[column].length)));
  const line = (cells: readonly string[]) => cells.map((cell, index) => cell.padStart(widths[index] ?? 0)).join('  ');
  const table = [line(COLUMNS), ...rows.map((row) => line(COLUMNS.map((column) => row[column])))];
  return [...table, ...results.flatMap(detailsOf)].join('\n');
}

function rowOf({ mode, kills, figures, tookMs }: RunResult): Record<(typeof COLUMNS)[number], string> {
  const { purchases, charges, receipts, unknown, lost, double } = figures;
  return {
    mode,
    kills: String(total(kills)),
    purchases: String(purchases),
    charges: String(charges),
    receipts: String(receipts),
    unknown: String(unknown),
    lost: String(lost),
    double: String(double),
    time: `${Math.round(tookMs / 1000)} s`,
  };
}

function detailsOf({ mode, kills, faults, figures, wipes, breaches }: RunResult): string[] {
  const { repeated, wipedFromPage, wipedTaps, unknownBecause, humanAfterMs } = figures;
  return [
    '',
    `${mode}: killed: ${list(kills)}`,
    `${mode}: besides: ${list(faults)}; Redis lost its data ${wipes} times`,
    `${mode}: receipts that came again under the same reference: ${repeated}`,
    `${mode}: went with Redis: ${wipedTaps} taps not worked off yet, ${wipedFromPage} final words not shown yet`,
    `${mode}: unknown because: ${list(unknownBecause)}`,
    `${mode}: a person was called at most ${Math.round(humanAfterMs / 1000)} s after the order (half an hour is 30 s here)`,
    ...breaches.map(({ code, about, detail }) => `${mode}: BREACH ${code} ${about}: ${detail}`),
    `${mode}: ${breaches.length === 0 ? 'no breach' : `${breaches.length} breaches`}`,
  ];
}

export function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

function list(counts: ReadonlyMap<string, number>): string {
  if (counts.size === 0) return 'nothing';
  const sorted = [...counts].sort(([a], [b]) => a.localeCompare(b));
  return sorted.map(([what, count]) => `${what} ${count}`).join(', ');
}
