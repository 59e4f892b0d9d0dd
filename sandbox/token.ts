import { randomUUID } from 'node:crypto';
import { Refusal } from './errors.js';
import { type Answer, json } from './wire.js';

export interface TokenOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  /** `expires_in` of every token. */
  readonly lifetimeSeconds: number;
  readonly now: () => Date;
}

/** OAuth 2.0 client credentials with HTTP Basic (RFC 6749 sections 2.3.1 and 4.4): issues bearer tokens and knows them again. */
export class TokenEndpoint {
  /** Token requests since the start, refused ones included. */
  requests = 0;
  /** Epoch ms at which each token ends. */
  private readonly tokens = new Map<string, number>();

  constructor(private readonly options: TokenOptions) {}

  /** POST /oauth/token. */
  issue(authorization: string | undefined, form: string): Answer {
    this.requests++;
    if (!this.knows(authorization)) {
      return json(401, { error: 'invalid_client' }, { 'www-authenticate': 'Basic realm="millom"' });
    }
    if (new URLSearchParams(form).get('grant_type') !== 'client_credentials') {
      return json(400, { error: 'unsupported_grant_type' });
    }
    this.dropEnded();
    const token = randomUUID();
    const { lifetimeSeconds, now } = this.options;
    this.tokens.set(token, now().getTime() + lifetimeSeconds * 1000);
    const body = { access_token: token, token_type: 'Bearer', expires_in: lifetimeSeconds };
    return json(200, body, { 'cache-control': 'no-store' });
  }

  /** Throws a 401 `Refusal` unless `authorization` holds a token that is still good. */
  check(authorization: string | undefined): void {
    const token = authorization?.startsWith('Bearer ') === true ? authorization.slice(7) : '';
    const ends = this.tokens.get(token);
    if (ends === undefined || ends <= this.options.now().getTime()) throw unauthorized();
  }

  /** Every token ends now, without a word to those who hold one. */
  revokeAll(): void {
    this.tokens.clear();
  }

  private knows(authorization: string | undefined): boolean {
    const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '')?.[1];
    if (encoded === undefined) return false;
    const [id = '', ...secret] = Buffer.from(encoded, 'base64').toString().split(':');
    return formDecode(id) === this.options.clientId && formDecode(secret.join(':')) === this.options.clientSecret;
  }

  private dropEnded(): void {
    const now = this.options.now().getTime();
    for (const [token, ends] of this.tokens) if (ends <= now) this.tokens.delete(token);
  }
}

/** The 401 of every call. The specification has no cause for it. */
export function unauthorized(): Refusal {
  return new Refusal('NOT_ALLOWED', 'missing, unknown or expired access token', { status: 401 });
}

/** RFC 6749 has id and secret form-encoded before Base 64; many clients do not, and mean the same in simple cases. */
function formDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
