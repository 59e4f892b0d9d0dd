import type { FastifyRequest } from 'fastify';
import { HttpProblem } from '../../problem.js';
import { isFromHere } from '../address.js';
import type { NoteRefusal } from '../refusals.js';
import { mayAct, type Role } from '../roles.js';
import { cookieOf } from './cookies.js';
import { mustBeOurPage } from './same-origin.js';
import type { Person, Sessions } from './sessions.js';

/** Who may do what on the console. */
export interface Guard {
  /**
   * A hook for `onRequest`: lets people with at least this role through, and what changes something only from our own page.
   * Throws 401 `LOGIN_REQUIRED`, 403 `ROLE_REQUIRED` or `OTHER_ORIGIN`.
   */
  only(role: Role): (request: FastifyRequest) => Promise<void>;
  /** The part of `only` that is about who: for routes that see for themselves where a request comes from. */
  admit(role: Role): (request: FastifyRequest) => Promise<void>;
  /** The part of `only` that is not about who: for routes that anybody may use. Throws 403 `OTHER_ORIGIN`. */
  mustBeOurPage(request: FastifyRequest): void;
  /** Whom the hook let through. */
  personOf(request: FastifyRequest): Person;
  /** Who it is, if anybody. */
  find(request: FastifyRequest): Promise<Person | undefined>;
  /** Whether they may still, for what stays open; does not count as being there. */
  stillThere(request: FastifyRequest, role: Role): Promise<boolean>;
  /** Whether the request came over https, as far as we and the proxies we trust know. */
  isSecure(request: FastifyRequest): boolean;
}

export interface GuardOptions {
  readonly sessions: Sessions;
  /** Nobody needs to log in who sits at this machine. */
  readonly open: boolean;
  readonly publicUrl: string | undefined;
  readonly noteRefusal: NoteRefusal;
}

const TRIAL: Person = { subject: 'trial', name: '', role: 'admin', method: 'open' };

export function createGuard({ sessions, open, publicUrl, noteRefusal }: GuardOptions): Guard {
  const admitted = new WeakMap<FastifyRequest, Person>();
  const isSecure = ({ protocol }: FastifyRequest) => protocol === 'https' || publicUrl?.startsWith('https:') === true;
  const idOf = (request: FastifyRequest) => cookieOf(request.headers.cookie, 'session', isSecure(request));

  async function find(request: FastifyRequest, how: 'use' | 'look'): Promise<Person | undefined> {
    if (open && isFromHere(request)) return TRIAL;
    const id = idOf(request);
    return id === undefined ? undefined : sessions[how](id);
  }
  const admit = (role: Role) => async (request: FastifyRequest) => {
    const person = await find(request, 'use');
    if (person === undefined) throw new HttpProblem(401, 'LOGIN_REQUIRED', 'Please log in.');
    if (!mayAct(person.role, role)) {
      noteRefusal({ what: 'role', route: request.routeOptions.url, reason: `${person.role} in place of ${role}` });
      throw new HttpProblem(403, 'ROLE_REQUIRED', `This takes the role ${role}.`);
    }
    admitted.set(request, person);
  };
  const ourPage = (request: FastifyRequest) => {
    try {
      mustBeOurPage(request, publicUrl);
    } catch (error) {
      noteRefusal({ what: 'origin', route: request.routeOptions.url, reason: 'not from our own page' });
      throw error;
    }
  };
  return {
    isSecure,
    mustBeOurPage: ourPage,
    admit,
    only: (role) => async (request) => {
      await admit(role)(request);
      ourPage(request);
    },
    personOf(request) {
      const person = admitted.get(request);
      if (person === undefined) throw new TypeError('asked who it is on a route that lets anybody in');
      return person;
    },
    find: (request) => find(request, 'use'),
    async stillThere(request, role) {
      const person = await find(request, 'look');
      return person !== undefined && mayAct(person.role, role);
    },
  };
}
