import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  ClientSecretPost,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
  None,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import { RefillError } from '../../errors.js';
import type { LoginSettings } from '../config.js';
import type { Role } from '../roles.js';
import type { Person } from './sessions.js';

/** What has to be remembered between the two halves of a login; secret. */
export interface LoginUnderWay {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** Login with an OpenID Connect issuer: authorization code with PKCE (S256), state and nonce, the ID token's signature checked. */
export interface Oidc {
  /** Where to send the browser. Rejects when the issuer cannot be reached. */
  begin(): Promise<{ readonly url: string; readonly underWay: LoginUnderWay }>;
  /** Who came back. `query` is what the issuer sent along. Rejects with `NoRole`, or anything else when it does not add up. */
  finish(query: string, underWay: LoginUnderWay): Promise<Person>;
  /** Where the issuer's own session is ended, if it says. */
  endUrl(): Promise<string | undefined>;
}

/** The issuer knows them, and none of their roles is one of ours. */
export class NoRole extends RefillError {
  readonly code = 'NO_ROLE';
}

/** Where the issuer sends people back to. */
export const CALLBACK_PATH = '/console/login/callback';

const ANSWER_WITHIN_SECONDS = 5;

export function createOidc(settings: LoginSettings, publicUrl: string): Oidc {
  const redirectUri = `${publicUrl}${CALLBACK_PATH}`;
  let asking: Promise<Configuration> | undefined;

  const configuration = () => {
    // What failed is asked for again the next time.
    asking ??= discover(settings).catch((error: unknown) => {
      asking = undefined;
      throw error;
    });
    return asking;
  };
  return {
    async begin() {
      const config = await configuration();
      const underWay = { state: randomState(), nonce: randomNonce(), verifier: randomPKCECodeVerifier() };
      const url = buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: settings.scope,
        state: underWay.state,
        nonce: underWay.nonce,
        code_challenge: await calculatePKCECodeChallenge(underWay.verifier),
        code_challenge_method: 'S256',
      });
      return { url: url.href, underWay };
    },
    async finish(query, { state, nonce, verifier }) {
      const config = await configuration();
      const tokens = await authorizationCodeGrant(config, new URL(`${redirectUri}?${query}`), {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (claims === undefined) throw new NoRole('no ID token');
      let names = namesAt(claims, settings.claim);
      // Keycloak puts roles into ID tokens only when a mapper says so; where it does not, the user info may have them.
      if (names.length === 0 && config.serverMetadata().userinfo_endpoint !== undefined) {
        names = namesAt(await fetchUserInfo(config, tokens.access_token, claims.sub), settings.claim);
      }
      const name = [claims['name'], claims['preferred_username']].find((value) => typeof value === 'string');
      return { subject: claims.sub, name: name ?? '', role: roleOf(settings, names), method: 'oidc' };
    },
    async endUrl() {
      const config = await configuration();
      if (config.serverMetadata().end_session_endpoint === undefined) return undefined;
      return buildEndSessionUrl(config, { post_logout_redirect_uri: `${publicUrl}/` }).href;
    },
  };
}

async function discover({ issuer, clientId, clientSecret }: LoginSettings): Promise<Configuration> {
  const authentication = clientSecret === undefined ? None() : ClientSecretPost(clientSecret);
  const insecure = issuer.startsWith('http:') ? [allowInsecureRequests] : [];
  return discovery(new URL(issuer), clientId, {}, authentication, {
    // The signature is checked as well, not only where the token came from.
    execute: [enableNonRepudiationChecks, ...insecure],
    timeout: ANSWER_WITHIN_SECONDS,
  });
}

/** The highest role one of the names stands for. */
function roleOf({ roles }: LoginSettings, names: readonly string[]): Role {
  const found = roles.find(({ name }) => names.includes(name));
  if (found === undefined) throw new NoRole('no role of ours');
  return found.role;
}

/** Strings at a dotted path: a list, or one alone. A claim whose own name has dots in it is found as well. */
function namesAt(claims: Readonly<Record<string, unknown>>, path: string): readonly string[] {
  const within = path
    .split('.')
    .reduce<unknown>(
      (value, key) => (typeof value === 'object' && value !== null ? Object(value)[key] : undefined),
      claims,
    );
  const value = Object.hasOwn(claims, path) ? claims[path] : within;
  return [value].flat().filter((name): name is string => typeof name === 'string');
}
