export interface Victim {
  readonly kind: 'worker' | 'producer' | 'store';
  /** Picks one of those of its kind that are alive. */
  readonly which: number;
  readonly afterMs: number;
}

/** Who is killed when: the same for the same seed. */
export function killPlan(seed: number, kills: Readonly<Record<Victim['kind'], number>>): Victim[] {
  const random = mulberry32(seed);
  const kinds = Object.entries(kills).flatMap(([kind, count]) =>
    Array<Victim['kind']>(count).fill(kind as Victim['kind']),
  );
  const plan = kinds.map((kind) => ({
    kind,
    which: Math.floor(random() * 1000),
    afterMs: 300 + random() * 900,
    at: random(),
  }));
  return plan.sort((a, b) => a.at - b.at);
}

function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
