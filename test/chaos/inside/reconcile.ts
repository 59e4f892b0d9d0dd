import { type Reconciler, type ReconcilerOptions, startReconciler as start } from '../../../workers/reconcile.js';
import { EVERY_MS } from './haste.js';

export * from '../../../workers/reconcile.js';

export function startReconciler(options: ReconcilerOptions): Reconciler {
  return start({ ...options, everyMs: EVERY_MS });
}
