/** Where a process dies: at its n-th call to something outside it, before or after the call had its effect. */
export interface Death {
  readonly call: number;
  /** Counts only calls of this name, such as `movePurchase` or `telco.purchase`. */
  readonly of?: string | undefined;
  readonly when: 'before' | 'after';
}

const never = new Promise<never>(() => undefined);

/**
 * One process of Refill, from start to end. What it calls outside itself goes through `mortal`; from its death on nothing it
 * still does has an effect, as after a `kill -9`.
 */
export class Life {
  private calls = 0;
  private dead = false;
  private die = () => {};
  private readonly death = new Promise<'died'>((resolve) => {
    this.die = () => {
      this.dead = true;
      resolve('died');
    };
  });

  constructor(private readonly ends: Death | undefined) {}

  /** `port`, whose asynchronous methods are calls to the outside. */
  mortal<Port extends object>(
    port: Port,
    methods: readonly (keyof Port)[] = Object.keys(port) as (keyof Port)[],
    prefix = '',
  ): Port {
    const wrapped = methods.map((name) => {
      const method = port[name];
      if (typeof method !== 'function') return [name, method] as const;
      return [
        name,
        (...args: unknown[]) => this.call(prefix + String(name), () => method.apply(port, args) as Promise<unknown>),
      ] as const;
    });
    return { ...port, ...Object.fromEntries(wrapped) };
  }

  /** Lets the process do `work`: `done` when it was finished, `failed` when it threw, `died` when it was killed meanwhile. */
  async live(work: () => Promise<unknown>): Promise<'done' | 'failed' | 'died'> {
    const worked = work().then(
      () => 'done' as const,
      () => 'failed' as const,
    );
    return Promise.race([worked, this.death]);
  }

  private async call(name: string, act: () => Promise<unknown>): Promise<unknown> {
    if (this.dead) return never;
    const counts = this.ends?.of === undefined || this.ends.of === name;
    if (counts) this.calls += 1;
    const last = counts && this.ends?.call === this.calls;
    if (last && this.ends.when === 'before') {
      this.die();
      return never;
    }
    const result = await act().then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    if (last) this.die();
    if (this.dead) return never;
    if ('error' in result) throw result.error;
    return result.value;
  }
}
