import { type Callers, type CallersOptions, createCallers } from './access/callers.js';
import { createLimits } from './access/limits.js';
import { createPeople, type People } from './access/people/index.js';
import type { Closing } from './closing.js';
import type { Config } from './config.js';
import { numberedPlaces } from './identity/numbered.js';
import { checkKey, checkTelco, createLedger } from './ledger/index.js';
import type { Ledger } from './ledger/ledger.js';
import type { Logger } from './log.js';
import { createMetrics, type Metrics } from './metrics.js';
import { createVault, loadKeys, type Vault } from './secrets.js';
import { openStores } from './stores/open.js';
import type { WorkingStores } from './stores/working.js';
import { createTrace, type Trace } from './trace.js';

/** What every part of a process stands on. */
export interface Core {
  readonly vault: Vault;
  readonly masterKey: Buffer;
  readonly working: WorkingStores;
  readonly ledger: Ledger;
  readonly databaseKind: 'postgres' | 'pglite';
  readonly metrics: Metrics;
  readonly trace: Trace;
  readonly callers: Callers;
  readonly people: People;
}

/** Opens the stores and whatever needs nothing else. Rejects with `StoreUnavailable`, `StoreInUse`, `KeyMismatch` or `TelcoMissing`. */
export async function openCore(config: Config, log: Logger, closing: Closing): Promise<Core> {
  const keys = loadKeys(config);
  const vault = createVault(keys);
  const { database, working } = await openStores(config, log, closing);
  await checkKey(database, vault);
  await checkTelco(database, config.sandbox ? (config.sandboxByItself ? 'sandbox-by-itself' : 'sandbox') : 'real');
  const { limits: newLinkLimits, youngForMs: newLinkMs } = config.newLink;
  const ledger = createLedger(database, vault, {
    limits: config.spendLimits,
    newLinkLimits,
    newLinkMs,
    numbered: numberedPlaces(config),
  });
  const limits = createLimits(working.shortLived, log);
  const callers = openCallers(config, { ledger, limits, vault, log });
  closing.add('callers', () => callers.close());
  return {
    vault,
    masterKey: keys.current,
    working,
    ledger,
    databaseKind: database.kind,
    metrics: createMetrics(),
    trace: createTrace(),
    callers,
    people: createPeople({ config, store: working.shortLived, vault, limits, log }),
  };
}

/** Those of the environment, of the ledger, and of an issuer. */
function openCallers(
  { caller, sandbox, access }: Config,
  { vault, ...parts }: Pick<Core, 'ledger' | 'vault'> & Pick<CallersOptions, 'limits' | 'log'>,
): Callers {
  const { external, requestsPerMinute, failuresPerAddress } = access;
  return createCallers({
    ...parts,
    caller,
    openSandbox: sandbox && caller === undefined,
    issuer: access.publicUrl ?? 'urn:refill',
    external,
    requestsPerMinute,
    failuresPerAddress,
    reference: (address) => vault.reference('address', address),
  });
}

/** Resolves when turns can be taken. */
export async function ready({ working, ledger }: Core): Promise<void> {
  await Promise.all([working.ping(), ledger.ping()]);
}
