/** `/metrics` at one moment: series with its labels → value. */
export type Sample = ReadonlyMap<string, number>;

export async function scrape(url: string): Promise<Sample> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const rows = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(rows.map((row) => [row.slice(0, row.lastIndexOf(' ')), Number(row.slice(row.lastIndexOf(' ') + 1))]));
}

/** One row of "where the time goes". */
export interface Stage {
  readonly name: string;
  readonly count: number;
  readonly meanMs: number;
}

const STAGES: readonly (readonly [name: string, series: string, labels: string])[] = [
  ['wait in the mailbox', 'refill_mailbox_wait_seconds', ''],
  ['load session and line', 'refill_turn_stage_seconds', '{stage="load"}'],
  ['understand, flow, telco', 'refill_turn_stage_seconds', '{stage="respond"}'],
  ['  of which balance call', 'refill_telco_call_seconds', '{telco="millom",operation="balance"}'],
  ['send the reply', 'refill_turn_stage_seconds', '{stage="send"}'],
];

/** How long each stage of a turn took on average between two samples. */
export function stages(before: Sample, after: Sample): readonly Stage[] {
  return STAGES.map(([name, series, labels]) => {
    const grown = (suffix: string) => growth(before, after, `${series}_${suffix}${labels}`);
    const count = grown('count');
    return { name, count, meanMs: count === 0 ? Number.NaN : (grown('sum') / count) * 1000 };
  });
}

export function growth(before: Sample, after: Sample, series: string): number {
  return (after.get(series) ?? 0) - (before.get(series) ?? 0);
}

/** Turns of any channel, input and outcome. */
export function turnsIn(sample: Sample): number {
  return total(sample, /^refill_turns_total\{/);
}

/** Turns that threw; each is tried again. */
export function failedTurnsIn(sample: Sample): number {
  return total(sample, /^refill_turns_total\{.*outcome="failed"/);
}

function total(sample: Sample, series: RegExp): number {
  return [...sample].reduce((sum, [name, value]) => (series.test(name) ? sum + value : sum), 0);
}
