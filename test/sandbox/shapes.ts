import { loadSpec, type Schema } from '../millom/spec.js';
import type { Received, Reply } from './support.js';

/** One of Millom's files, as a judge of what the sandbox sends; `undefined` where the file is not beside this repository. */
export function shapesOf(file: string): Shapes | undefined {
  const spec = loadSpec(file);
  if (spec === undefined) return undefined;
  return {
    reply(method, path, { status, body }) {
      const operation = spec.find(method, path);
      if (operation === undefined) return [`${method} ${path} is not in ${file}`];
      const schema = operation.responseSchema(status < 300 ? status : 'default');
      return [...operation.responseErrors(status, body), ...strays(schema, body)];
    },
    push({ path, query, text, body }) {
      // Refill serves what Millom's files describe below `/millom`.
      const url = new URL(`http://refill${path.replace(/^\/millom(\/notify)?/, '')}?${query}`);
      const operation = spec.find('POST', url.pathname);
      if (operation === undefined) return [`${url.pathname} is not in ${file}`];
      const headers = { 'content-type': 'application/json' };
      return [...operation.requestErrors({ url, headers, body: text }), ...strays(operation.requestSchema(), body)];
    },
  };
}

/** Both return complaints; an empty list is approval. */
interface Shapes {
  reply(method: string, path: string, reply: Pick<Reply, 'status' | 'body'>): string[];
  push(received: Received): string[];
}

const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** What validators let pass: properties the schema does not name (`planid` for an optional `planId`), loose timestamps. */
function strays(schema: Schema, value: unknown, at = ''): string[] {
  if (schema.format === 'date-time' && !TIMESTAMP.test(String(value))) return [`${at} is not an RFC 3339 timestamp`];
  if (Array.isArray(value)) return value.flatMap((item, index) => strays(schema.items ?? {}, item, `${at}[${index}]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    const named = schema.properties?.[key];
    return named === undefined ? [`${at}.${key} is not in the specification`] : strays(named, member, `${at}.${key}`);
  });
}
