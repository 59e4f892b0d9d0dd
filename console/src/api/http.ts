import { RefillError } from '../../../bot/errors.js';

/** A request that was not answered with success. `status` is 0 when there was no answer at all. */
export class RequestFailed extends RefillError {
  readonly code = 'REQUEST_FAILED';

  constructor(
    readonly status: number,
    /** What the server's problem document says, for people. */
    readonly detail = '',
    options?: { cause?: unknown },
  ) {
    super(`the request failed with ${status}`, options);
  }
}

/** On whatever changes something: a page of another site cannot send it (`bot/access/people/same-origin.ts`). */
const OUR_PAGE = { 'x-refill-page': '1' };

const SIGNED_OUT = 'refill:signed-out';

/** Calls `listener` when the server wants a login for something the page asked. Returns how to stop. */
export function onSignedOut(listener: () => void): () => void {
  addEventListener(SIGNED_OUT, listener);
  return () => removeEventListener(SIGNED_OUT, listener);
}

/** A stream was refused: it cannot see why. */
export async function maybeSignedOut(): Promise<void> {
  dispatchEvent(new Event(SIGNED_OUT));
}

/** @throws RequestFailed */
export function get<T>(path: string): Promise<T> {
  return request<T>(path, {});
}

/** @throws RequestFailed */
export function post<T>(path: string, body: unknown): Promise<T> {
  const headers = { ...OUR_PAGE, 'content-type': 'application/json' };
  return request<T>(path, { method: 'POST', headers, body: JSON.stringify(body) });
}

/** @throws RequestFailed */
export function remove(path: string): Promise<void> {
  return request<void>(path, { method: 'DELETE', headers: OUR_PAGE });
}

async function request<T>(path: string, init: RequestInit): Promise<T> {
  const response = await fetch(path, init).catch((cause: unknown) => {
    throw new RequestFailed(0, '', { cause });
  });
  const text = await response.text().catch(() => '');
  const json = parse(text);
  if (response.status === 401 && codeOf(json) === 'LOGIN_REQUIRED') await maybeSignedOut();
  if (!response.ok) throw new RequestFailed(response.status, detailOf(json));
  return json as T;
}

function parse(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function codeOf(problem: unknown): unknown {
  return ((problem ?? {}) as { code?: unknown }).code;
}

function detailOf(problem: unknown): string {
  // A problem document says `detail`, the sandbox says `error`.
  const { detail, error } = (problem ?? {}) as { detail?: unknown; error?: unknown };
  return [detail, error].find((text): text is string => typeof text === 'string') ?? '';
}
