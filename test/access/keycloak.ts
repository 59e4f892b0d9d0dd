import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

interface Key {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

/** A login that is under way at the issuer. */
interface Code {
  readonly redirectUri: string;
  readonly challenge: string;
  readonly nonce: string;
}

/**
 * As much of a Keycloak realm as Refill talks to, over loopback HTTP: discovery, certificates (RS256, several keys), access tokens
 * as its client credentials grant makes them, and the authorization code flow with PKCE, whose rules it checks.
 */
export interface Keycloak {
  readonly url: string;
  /** What its addresses were asked, e.g. `certs`. */
  readonly asked: string[];
  /** Answers 503 to everything. */
  down: boolean;
  /** The person who logs in. */
  user: { sub: string; name: string; roles: readonly string[]; rolesInIdToken: boolean };
  /** Changes ID tokens before they are signed. */
  spoilIdToken: (claims: Record<string, unknown>) => Record<string, unknown>;
  /** Signs ID tokens with a key that is not in the certificates. */
  foreignSigner: boolean;
  rotate(): Promise<void>;
  accessToken(claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
  close(): Promise<void>;
}

export const CLIENT = { id: 'refill-console', secret: 'the secret of the console' };

export async function startKeycloak(): Promise<Keycloak> {
  const keys: Key[] = [await newKey()];
  const stranger = await newKey();
  const codes = new Map<string, Code>();
  const server = createServer((request, response) => {
    void handle(request, response).catch((error) => response.writeHead(500).end(String(error)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/realms/telco`;

  const sign = (claims: Record<string, unknown>, { kid, privateKey }: Key, header: Record<string, unknown> = {}) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid, ...header }).sign(privateKey);
  const times = () => ({ iat: Math.floor(Date.now() / 1000), exp: Math.floor(Date.now() / 1000) + 3600 });

  const keycloak: Keycloak = {
    url,
    asked: [],
    down: false,
    user: { sub: 'f1', name: 'Ana', roles: ['refill-agent'], rolesInIdToken: true },
    spoilIdToken: (claims) => claims,
    foreignSigner: false,
    async rotate() {
      keys.unshift(await newKey());
      keys.splice(2);
    },
    accessToken: (claims = {}, header = {}) =>
      // As Keycloak 26 writes a service account's token for the client of the gateway guide.
      sign(
        {
          ...times(),
          jti: randomUUID(),
          iss: url,
          aud: 'account',
          sub: '5ad4',
          typ: 'Bearer',
          azp: 'obp-apigw',
          acr: '1',
          realm_access: { roles: ['default-roles-telco', 'csr-all-operations', '1:billingAccount:get'] },
          resource_access: { account: { roles: ['manage-account'] } },
          scope: 'obp-apigw:read obp-apigw:write email profile',
          clientHost: '127.0.0.1',
          preferred_username: 'service-account-obp-apigw',
          ...claims,
        },
        keys[0] ?? stranger,
        header,
      ),
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '', url);
    const what = path.pathname.split('/').at(-1) ?? '';
    keycloak.asked.push(what);
    const json = (body: unknown, status = 200) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (keycloak.down) return void json({}, 503);
    switch (what) {
      case 'openid-configuration':
        return void json(metadataOf(url));
      case 'certs':
        return void json({ keys: keys.map(({ kid, jwk }) => ({ ...jwk, kid, use: 'sig', alg: 'RS256' })) });
      case 'auth':
        return authorize(path.searchParams, response);
      case 'token':
        return void json(...(await exchange(new URLSearchParams(await text(request)))));
      case 'userinfo': {
        const { sub, name, roles } = keycloak.user;
        return void json({ sub, name, realm_access: { roles } });
      }
      default:
        return void json({}, 404);
    }
  }

  function authorize(query: URLSearchParams, response: ServerResponse): void {
    const of = (name: string) => query.get(name) ?? '';
    const right =
      of('client_id') === CLIENT.id &&
      of('response_type') === 'code' &&
      of('code_challenge_method') === 'S256' &&
      of('scope').split(' ').includes('openid') &&
      [of('state'), of('nonce'), of('code_challenge')].every((value) => value.length >= 40);
    if (!right) return void response.writeHead(400).end('bad request');
    const code = randomUUID();
    codes.set(code, { redirectUri: of('redirect_uri'), challenge: of('code_challenge'), nonce: of('nonce') });
    const back = new URL(of('redirect_uri'));
    back.search = new URLSearchParams({ code, state: of('state'), iss: url }).toString();
    response.writeHead(302, { location: back.href }).end();
  }

  async function exchange(form: URLSearchParams): Promise<[unknown, number]> {
    const code = form.get('code') ?? '';
    const begun = codes.get(code);
    codes.delete(code);
    const proved = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (form.get('client_id') !== CLIENT.id || form.get('client_secret') !== CLIENT.secret)
      return [{ error: 'invalid_client' }, 401];
    if (begun === undefined || begun.challenge !== proved || begun.redirectUri !== form.get('redirect_uri'))
      return [{ error: 'invalid_grant' }, 400];
    const { sub, name, roles, rolesInIdToken } = keycloak.user;
    const claims = keycloak.spoilIdToken({
      ...times(),
      iss: url,
      aud: CLIENT.id,
      sub,
      name,
      typ: 'ID',
      nonce: begun.nonce,
      ...(rolesInIdToken && { realm_access: { roles } }),
    });
    const signer = keys[0] ?? stranger;
    const idToken = await sign(claims, keycloak.foreignSigner ? { ...stranger, kid: signer.kid } : signer);
    return [
      { access_token: await keycloak.accessToken(), token_type: 'Bearer', expires_in: 300, id_token: idToken },
      200,
    ];
  }
  return keycloak;
}

function metadataOf(url: string) {
  const of = (name: string) => `${url}/protocol/openid-connect/${name}`;
  return {
    issuer: url,
    authorization_endpoint: of('auth'),
    token_endpoint: of('token'),
    userinfo_endpoint: of('userinfo'),
    jwks_uri: of('certs'),
    end_session_endpoint: of('logout'),
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256', 'ES256', 'HS256'],
    code_challenge_methods_supported: ['plain', 'S256'],
    authorization_response_iss_parameter_supported: true,
  };
}

async function newKey(): Promise<Key> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  return { kid: randomUUID(), privateKey, jwk: await exportJWK(publicKey) };
}
