import type { FastifyInstance } from 'fastify';
import type { Config } from './config.js';
import type { Core } from './core.js';
import { cpidRoutes } from './cpid/routes.js';
import { CPID_DAYS, type CpidSettings } from './cpid/settings.js';
import { createTickets, TICKET_MS } from './cpid/tickets.js';
import type { Translators } from './i18n/index.js';
import type { Linking } from './identity/linking.js';
import type { PageProof } from './identity/proof.js';
import type { Telco } from './telco.js';

export interface CpidParts {
  readonly config: Pick<Config, 'cpid'>;
  readonly core: Pick<Core, 'working' | 'vault' | 'trace'>;
  readonly translators: Translators;
  readonly telcoFor: (operator: string) => Telco;
  /** The simulated operator's endpoint, with the sandbox in this process. */
  readonly sandboxUrl: string | undefined;
}

export interface Cpid {
  readonly proof: PageProof;
  mount(http: FastifyInstance, linking: Linking): Promise<void>;
  /** Where this process is reached: a sandbox has no other name. */
  listening(url: string): void;
}

/** Proof by the phone's own network, where an operator's CPID endpoint is configured or simulated. */
export function openCpid({ config, core, translators, telcoFor, sandboxUrl }: CpidParts): Cpid | undefined {
  let here = '';
  const simulated = (): CpidSettings => ({
    mode: 'fetch',
    url: `${sandboxUrl}/cpid`,
    app: 'refill',
    operator: 'digi',
    pageUrl: here,
    maxTtlSeconds: CPID_DAYS * 86_400,
  });
  const { cpid } = config;
  if (cpid === undefined && sandboxUrl === undefined) return undefined;
  const settings = cpid === undefined ? simulated : () => cpid;
  const tickets = createTickets(core.working.shortLived, core.vault);
  return {
    proof: {
      method: 'cpid',
      async begin(asker) {
        return { url: `${settings().pageUrl}/link/${await tickets.issue(asker)}`, validForMs: TICKET_MS };
      },
    },
    mount: async (http, linking) => {
      await http.register(cpidRoutes, {
        settings,
        tickets,
        translators,
        linking,
        telcoFor,
        onOutcome: (state) => core.trace.emit({ stage: 'webhook', title: `cpid: ${state}`, ok: state === 'done' }),
        now: () => new Date(),
      });
    },
    listening(url) {
      here = url;
    },
  };
}
