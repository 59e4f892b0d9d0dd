import type { FastifyPluginAsync } from 'fastify';
import { renderSVG } from 'uqr';
import type { WebState, WhatsAppWebChannel } from '../adapters/whatsapp/web/index.js';
import type { Channel } from './channel.js';

/** How the link to the phone stands, for the console's page. `off`: WhatsApp Web is not in use. */
export type LinkView =
  | { readonly state: 'off' | 'starting' | 'connected' }
  /** `qr`: the code to scan, as an SVG picture; it changes every 20 s or so. */
  | { readonly state: 'scan'; readonly qr: string }
  /** `why`: the library's or the browser's word; `retryAt`: epoch milliseconds. */
  | { readonly state: 'disconnected'; readonly why: string; readonly retryAt: number };

/**
 * `GET /console/whatsapp`: what the terminal shows of the trial transport, for those who have no terminal. Whoever scans the
 * code links their own phone, so whoever mounts it sees to it that only admins ask, and it is never cached.
 */
export const whatsAppLinkRoutes: FastifyPluginAsync<{ readonly channel: Channel | undefined }> = async (
  http,
  { channel },
) => {
  http.get('/console/whatsapp', { exposeHeadRoute: false }, (_request, reply) => {
    reply.header('cache-control', 'no-store');
    return reply.send(isLinked(channel) ? viewOf(channel.state()) : ({ state: 'off' } satisfies LinkView));
  });
};

/** The Cloud API has no link to a phone. */
function isLinked(channel: Channel | undefined): channel is WhatsAppWebChannel {
  return channel !== undefined && 'state' in channel;
}

function viewOf(state: WebState): LinkView {
  switch (state.kind) {
    case 'pairing':
      return { state: 'scan', qr: renderSVG(state.qr, { border: 2 }) };
    case 'ready':
      return { state: 'connected' };
    case 'waiting':
      return { state: 'disconnected', why: state.why, retryAt: state.retryAt };
    case 'starting':
      return { state: 'starting' };
    case 'closed':
      return { state: 'off' };
  }
}
