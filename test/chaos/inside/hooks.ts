import type { ResolveHook } from 'node:module';

const ROOT = new URL('../../../', import.meta.url).href;
const INSIDE = new URL('./', import.meta.url).href;

/** What is wrapped, and by what. Refill's own code is run as it ships: it has no seam for this. */
const WRAPPED: Readonly<Record<string, string>> = {
  'bot/domain/patience.js': 'patience.js',
  'bot/ledger/index.js': 'ledger.js',
  'bot/conversation/redis-mailbox.js': 'mailbox.js',
  'bot/jobs.js': 'jobs.js',
  'adapters/millom/index.js': 'millom.js',
  'adapters/web/index.js': 'web.js',
  'workers/reconcile.js': 'reconcile.js',
  'workers/sweeper.js': 'sweeper.js',
};

/** Puts the wrapper in the place of the module for everybody but the wrapper itself. */
export const resolve: ResolveHook = async (specifier, context, next) => {
  const found = await next(specifier, context);
  if (context.parentURL?.startsWith(INSIDE) === true) return found;
  if (/node_modules\/bullmq\/dist\/esm\/index\.js$/.test(found.url)) return { ...found, url: `${INSIDE}bullmq.js` };
  const wrapper = found.url.startsWith(ROOT) ? WRAPPED[found.url.slice(ROOT.length)] : undefined;
  return wrapper === undefined ? found : { ...found, url: INSIDE + wrapper };
};
