import { createMillom } from '../adapters/millom/index.js';
import { remoteSandbox, type Sandbox, startSandbox } from '../sandbox/index.js';
import type { Closing } from './closing.js';
import type { Config, MillomConfig } from './config.js';
import type { Core } from './core.js';
import type { Logger } from './log.js';
import { deriveKey } from './secrets.js';
import { createSharedPauses } from './shared-pauses.js';
import { guardTelco } from './telco-guard.js';

/** Millom as configured; without it the sandbox, which is a Millom of its own. */
export async function openTelco(config: Config, core: Core, closing: Closing, log: Logger) {
  const { metrics, trace, masterKey, ledger } = core;
  let settings: MillomConfig | undefined = config.millom;
  let sandbox: Sandbox | undefined;
  if (settings === undefined) {
    const clientSecret = deriveKey(masterKey, 'refill/sandbox/v1').toString('base64url');
    sandbox = await startSandbox({
      clientId: 'refill',
      clientSecret,
      onEvent: ({ kind, title, ms, ok }) =>
        trace.emit({ stage: 'sandbox', title: `${kind}: ${title}`, ok: ok ?? true, ...(ms !== undefined && { ms }) }),
    });
    closing.add('sandbox', sandbox.close);
    const { url, tokenUrl } = sandbox;
    settings = {
      baseUrl: url,
      tokenUrl,
      topUpUrl: url,
      clientId: 'refill',
      clientSecret,
      serviceProvider: 'refill',
      operator: 'digi',
    };
  }
  const pauses = createSharedPauses({ ledger, log });
  closing.add('pauses', () => pauses.close());
  const bare = createMillom({
    ...settings,
    pauses,
    onCall: ({ operation, outcome, ms }) => {
      metrics.telcoCalls.inc({ telco: 'millom', operation, outcome });
      metrics.telcoSeconds.observe({ telco: 'millom', operation }, ms / 1000);
      trace.emit({ stage: 'telco', title: `${operation}: ${outcome}`, ms: Math.round(ms), ok: outcome === 'ok' });
    },
  });
  closing.add('telco', () => bare.close());
  const millom = guardTelco(bare, {
    pauses,
    onCircuit(circuit, open) {
      metrics.telcoCircuit.set({ telco: 'millom', circuit }, open ? 1 : 0);
      if (open) metrics.alerts.inc({ code: 'TELCO_CIRCUIT_OPEN' });
      log[open ? 'error' : 'info']({ telco: 'millom', circuit, open }, 'a circuit to the telco opened or closed');
    },
  });
  return { millom, sandbox, world: config.sandbox ? remoteSandbox(settings.baseUrl) : undefined };
}
