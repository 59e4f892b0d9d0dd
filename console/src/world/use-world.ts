import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { get, post, RequestFailed, remove } from '../api/http.js';
import type { Scenario } from './scenarios.js';
import type { Fault, World } from './types.js';

export interface WorldControls {
  readonly world: World | undefined;
  readonly faults: readonly Fault[];
  readonly unreachable: boolean;
  /** The last thing that was asked of the world, for those who cannot see it change. */
  readonly outcome: { readonly ok: boolean; readonly detail: string } | undefined;
  /** Asks again shortly; many calls in a row ask once. */
  refreshSoon(): void;
  /** Posts to an operation of this subscriber, e.g. `burn`. */
  act(operation: string, body: unknown): void;
  arm(scenario: Scenario, delayMs: number): void;
  reset(): void;
}

const SOON_MS = 250;
const ROOT = '/console/world';

export function useWorld(subscriber: string): WorldControls {
  const [world, setWorld] = useState<World>();
  const [faults, setFaults] = useState<readonly Fault[]>([]);
  const [unreachable, setUnreachable] = useState(false);
  const [outcome, setOutcome] = useState<WorldControls['outcome']>();
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const path = `${ROOT}/subscribers/${encodeURIComponent(subscriber)}`;

  const refresh = useCallback(async () => {
    try {
      const [seen, waiting] = await Promise.all([get<World>(path), get<Fault[]>(`${ROOT}/faults`)]);
      setWorld(seen);
      setFaults(waiting);
      setUnreachable(false);
    } catch {
      setUnreachable(true);
    }
  }, [path]);

  const refreshSoon = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => void refresh(), SOON_MS);
  }, [refresh]);

  useEffect(() => {
    void refresh();
    return () => clearTimeout(timer.current);
  }, [refresh]);

  const doing = async (what: () => Promise<unknown>) => {
    try {
      await what();
      setOutcome({ ok: true, detail: '' });
    } catch (error) {
      setOutcome({ ok: false, detail: error instanceof RequestFailed ? error.detail : '' });
    }
    await refresh();
  };

  return {
    world,
    faults,
    unreachable,
    outcome,
    refreshSoon,
    act: (operation, body) => void doing(() => post(`${path}/${operation}`, body)),
    arm: (scenario, delayMs) =>
      void doing(async () => {
        // One instruction at a time: whatever was asked for before is taken back.
        await remove(`${ROOT}/faults`);
        const next = scenario.next ?? { mode: 'processing' };
        await post(`${path}/next-purchase`, {
          ...next,
          ...(next.mode === 'processing' && { callbackDelayMs: delayMs }),
        });
        if (scenario.fault) {
          await post(`${ROOT}/faults`, {
            ...scenario.fault,
            operation: 'purchasePlan',
            times: 1,
            subscriberId: subscriber,
          });
        }
      }),
    reset: () => void doing(() => post(`${ROOT}/reset`, {})),
  };
}
