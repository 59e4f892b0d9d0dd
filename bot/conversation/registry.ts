import { RefillError } from '../errors.js';
import type { AnyFlow, EntryKind } from './flow.js';
import type { Intent } from './session.js';

/** Two flows claim one intent, or a flow names a step it does not have: a programming error, found at start. */
export class FlowConflict extends RefillError {
  readonly code = 'FLOW_CONFLICT';
}

export interface Entry {
  readonly flow: AnyFlow;
  readonly kind: EntryKind;
}

/** All flows, by what starts them. */
export interface FlowRegistry {
  flow(name: string): AnyFlow | undefined;
  /** The flow an intent starts from anywhere. */
  entry(intent: string): Entry | undefined;
  /** What to do when a button of `intent` is too old: the `whenStale` of the flow it belongs to. */
  whenStale(intent: string): Intent | undefined;
}

/** Checks that no intent is claimed twice and that every `whenStale` leads somewhere. Throws `FlowConflict`. */
export function createRegistry(flows: readonly AnyFlow[]): FlowRegistry {
  const byName = new Map<string, AnyFlow>();
  const entries = new Map<string, Entry>();
  const stale = new Map<string, Intent>();
  for (const flow of flows) {
    if (byName.has(flow.name)) throw new FlowConflict(`two flows are called ${flow.name}`);
    byName.set(flow.name, flow);
    for (const [intent, kind] of Object.entries(flow.entries)) {
      const other = entries.get(intent);
      if (other !== undefined) throw new FlowConflict(`${flow.name} and ${other.flow.name} both start with ${intent}`);
      entries.set(intent, { flow, kind });
      if (kind === 'pick') stale.set(intent, flow.whenStale);
    }
    for (const step of Object.values(flow.steps)) {
      for (const intent of Object.keys(step.on)) if (!entries.has(intent)) stale.set(intent, flow.whenStale);
    }
  }
  for (const { name, whenStale } of byName.values()) {
    if (!entries.has(whenStale.name))
      throw new FlowConflict(`${name} falls back to ${whenStale.name}, which starts nothing`);
  }
  return {
    flow: (name) => byName.get(name),
    entry: (intent) => entries.get(intent),
    whenStale: (intent) => stale.get(intent),
  };
}
