/** One line of a table: what, what came out, and what was aimed at. */
export type Row = readonly [what: string, measured: string, aim?: string];

/** Rows under each other, for a terminal. */
export function layOut(rows: readonly Row[]): string {
  const width = (column: 0 | 1) => Math.max(...rows.map((row) => row[column].length));
  const [first, second] = [width(0), width(1)];
  return rows
    .map(([what, measured, aim = '']) => `${what.padEnd(first)}  ${measured.padEnd(second)}  ${aim}`.trimEnd())
    .join('\n');
}

export const verdict = (aim: string, met: boolean) => `${aim} ${met ? 'met' : 'MISSED'}`;
export const whole = (value: number) => Math.round(value).toLocaleString('en');
export const ms = (value: number) => value.toFixed(value < 10 ? 2 : 0);
export const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
export const signed = (share: number) => `${share < 0 ? '−' : '+'}${Math.abs(share * 100).toFixed(1)} %`;
