import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify';
import { millomRichWebhooks, millomWebhooks } from '../adapters/millom/index.js';
import type { Sandbox } from '../sandbox/index.js';
import type { Parts } from './app-parts.js';
import { whatsAppLinkRoutes } from './app-phone.js';
import { previewRoutes } from './app-previews.js';
import type { Deliver } from './channel.js';
import { consoleRoutes, pageRoutes } from './console.js';
import { directoryApi } from './identity/directory-api.js';
import { signalsApi } from './identity/signals-api.js';
import { purchaseLookup } from './purchase-lookup.js';
import { createRichEvents } from './rich-events.js';
import { createTelcoEvents } from './telco-events.js';

/** Mounts everything that is answered over HTTP. */
export async function mountRoutes(http: FastifyInstance, parts: Parts, sandbox: Sandbox | undefined): Promise<void> {
  const { mailbox, channels, callers, people, trace, world, config, watch } = parts;
  const deliver: Deliver = async (event) => {
    const outcome = await mailbox.deliver(event);
    trace.emit({ stage: 'webhook', title: `${event.kind}: ${outcome}`, conversation: event.conversationId, ok: true });
    return outcome;
  };
  for (const channel of channels.values()) {
    const routes: FastifyPluginAsync = async (scope) => {
      // Whoever reaches the page of a trial may be anybody in it.
      if (channel.name === 'web') scope.addHook('onRequest', people.admit('viewer'));
      const stillThere = (request: FastifyRequest) => people.stillThere(request, 'viewer');
      await channel.routes(scope, { ...watch, deliver, stillThere });
    };
    await http.register(routes);
  }
  await callers.routes(http);
  await mountTelco(http, parts);
  await http.register(purchaseLookup, {
    ledger: parts.ledger,
    authorize: (request) => callers.authorize(request, 'purchases.read'),
  });
  await http.register(directoryApi, {
    ledger: parts.ledger,
    authorize: (request) => callers.authorize(request, 'links.write'),
  });
  await http.register(signalsApi, {
    ledger: parts.ledger,
    authorize: (request) => callers.authorize(request, 'links.block'),
    onSignal: (what, links) => trace.emit({ stage: 'webhook', title: `signal: ${what}, ${links} links`, ok: true }),
  });
  if (people.login !== 'off') {
    await http.register(pageRoutes);
    await http.register(people.routes);
    await http.register(phoneLink(parts));
  }
  if (world !== undefined) await mountTrial(http, parts, sandbox?.url ?? config.millom?.baseUrl ?? '');
}

/** What telcos call. */
async function mountTelco(http: FastifyInstance, parts: Parts): Promise<void> {
  const { callers, trace, world, watch, ledger } = parts;
  const { authorize } = callers;
  const events = createTelcoEvents({ ...parts, alert: watch.alert });
  const onEvent = ({ webhook, outcome }: { readonly webhook: 'callback' | 'notify'; readonly outcome: string }) =>
    trace.emit({
      stage: webhook === 'callback' ? 'callback' : 'nudge',
      title: `${webhook}: ${outcome}`,
      ok: outcome === 'applied' || outcome === 'queued' || outcome === 'dry-run',
    });
  await http.register(millomWebhooks, { ...events, authorize, onEvent });
  const rich = createRichEvents({ ledger, events, ...(world !== undefined && { resolve: world.find }) });
  await http.register(millomRichWebhooks, { ...rich, authorize, onEvent });
}

/** What the trial page shows, each for those who may see it. */
async function mountTrial(http: FastifyInstance, parts: Parts, sandboxUrl: string): Promise<void> {
  const { people, trace, translators } = parts;
  await http.register(consoleRoutes, { trace, sandboxUrl, guard: people });
  const previews: FastifyPluginAsync = async (scope) => {
    scope.addHook('onRequest', people.only('viewer'));
    await scope.register(previewRoutes, { translators });
  };
  await http.register(previews);
}

/** With the trial or without it: whoever scans the code shown there links their phone, so it is for admins. */
function phoneLink({ people, channels }: Parts): FastifyPluginAsync {
  return async (scope) => {
    scope.addHook('onRequest', people.only('admin'));
    await scope.register(whatsAppLinkRoutes, { channel: channels.get('whatsapp') });
  };
}
