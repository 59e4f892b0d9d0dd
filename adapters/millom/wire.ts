import { TelcoRefused } from '../../bot/telco.js';
import type { WireRequest } from './exchange.js';

export type Operation = 'account' | 'balance' | 'offers' | 'purchase' | 'register' | 'topUp';

export interface Request {
  readonly operation: Operation;
  readonly path: string;
  /** Makes it a POST. */
  readonly body?: string;
  readonly language: string | undefined;
}

/** The request as it goes over the wire. */
export function toWire({ operation, path, body, language }: Request, token: string): WireRequest {
  const headers = ['authorization', `Bearer ${token}`, 'accept', 'application/json'];
  if (language !== undefined && /^[a-z0-9-]{2,35}$/i.test(language)) {
    // upsell.yaml names the header `language` in this one place.
    headers.push(operation === 'register' ? 'language' : 'accept-language', language);
  }
  if (body === undefined) return { method: 'GET', path, headers };
  headers.push('content-type', 'application/json');
  return { method: 'POST', path, headers, body };
}

/** One path segment. A CPID is base64 with a comma (cpid.yaml), so `/`, `+`, `=` and `,` are ordinary in it. */
export function segment(value: string): string {
  // Dots alone would be taken for directions by whatever stands in between.
  if (/^\.{0,2}$/.test(value)) throw new TelcoRefused('invalid-number');
  return encodeURIComponent(value);
}

/** `&name=value` for every parameter that has one; it follows `key_type`. */
export function toQuery(parameters: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(parameters)
    .map(([name, value]) => (value === undefined ? '' : `&${name}=${encodeURIComponent(value)}`))
    .join('');
}
