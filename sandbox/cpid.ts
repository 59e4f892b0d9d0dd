import type { IncomingMessage } from 'node:http';
import { SandboxMisuse } from './errors.js';
import { PERSONAS } from './personas.js';
import { keysOf, type Subscribers } from './subscribers.js';
import { type Answer, json } from './wire.js';

/** Thirty days, as in cpid.yaml's example. */
const TTL_SECONDS = 2_592_000;

/** Whose phone this machine is, as far as a network on one machine can tell: the default persona's, until told otherwise. */
export class MobileData {
  private id: string | undefined = PERSONAS[0]?.id;

  constructor(private readonly subscribers: Subscribers) {}

  /** The phone on mobile data from now on; `null` for one on Wi-Fi. Throws `SandboxMisuse` for a subscriber there is not. */
  use(id: string | null): void {
    if (id !== null && this.subscribers.get(id) === undefined) throw new SandboxMisuse(404, 'no such subscriber');
    this.id = id ?? undefined;
  }

  /**
   * `GET /cpid?app=…` (cpid.yaml): the CPID of whoever asks. An operator's network says who that is by a header that it adds on
   * the way (`x-msisdn`), which is why the phone asks in clear.
   */
  answer(req: IncomingMessage, query: string): Answer {
    if (!new URLSearchParams(query).get('app')) return refuse(400, 'BAD_REQUEST', 'app is missing');
    const enriched = req.headers['x-msisdn'];
    const subscriber =
      typeof enriched === 'string'
        ? this.subscribers.find({ type: 'MSISDN', value: enriched })
        : this.id === undefined
          ? undefined
          : this.subscribers.get(this.id);
    if (typeof enriched === 'string' && subscriber === undefined) {
      return refuse(404, 'UNKNOWN_SUBSCRIBER_ID', 'Unable to read incoming MSISDN');
    }
    if (subscriber === undefined) return refuse(403, 'FORBIDDEN', 'not in an operator network');
    return json(200, { cpid: keysOf(subscriber).cpid, ttlSeconds: TTL_SECONDS }, CORS);
  }
}

/** Asked by a page of another origin. */
const CORS = { 'access-control-allow-origin': '*', 'cache-control': 'no-store' };

function refuse(status: number, cause: string, errorMessage: string): Answer {
  return json(status, { errorMessage, cause }, CORS);
}
