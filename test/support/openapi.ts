import { existsSync, readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import * as requestModule from 'openapi-request-validator';
import * as responseModule from 'openapi-response-validator';

/** Judges bodies against one operation of a specification. Both return the complaints; an empty list is approval. */
export interface Operation {
  response(status: number, body: unknown): readonly string[];
  request(request: { body?: unknown; params?: unknown; query?: unknown }): readonly string[];
}

/** A reference specification of Millom by its file name, or the reason why it cannot be had. They are not in this repository. */
export function millomSpec(file: string): { readonly document: Document } | { readonly missing: string } {
  const path = new URL(`../../../shared/specs/millom/${file}`, import.meta.url);
  if (!existsSync(path)) return { missing: `specs/millom/${file} is not beside this repository` };
  const document = load(joinQuotedLines(readFileSync(path, 'utf8'))) as Document;
  return { document: closeObjects(document) as Document };
}

/** The operation of a path and method of a specification. Properties that the specification does not name are complained about. */
export function operation(document: Document, path: string, method: 'get' | 'post'): Operation {
  const { responses, parameters = [], requestBody } = document.paths[path]?.[method] ?? { responses: {} };
  const answers = new (constructorOf(responseModule))({ responses, components: document.components, customFormats });
  const asked = new (constructorOf(requestModule))({
    parameters,
    ...(requestBody === undefined ? {} : { requestBody }),
    componentSchemas: document.components.schemas,
    customFormats: { currency: customFormats.currency },
  });
  return {
    response: (status, body) => complaints(answers.validateResponse?.(String(status), body)),
    request: ({ body, params = {}, query = {} }) => {
      const headers = { 'content-type': 'application/json' };
      return complaints(asked.validateRequest?.({ headers, body, params, query }));
    },
  };
}

export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

interface Described {
  readonly responses: object;
  readonly parameters?: readonly unknown[];
  readonly requestBody?: object;
}

/** ajv knows no `currency`, and the response validator knows no format at all. */
const customFormats = {
  // An amount in one file, an ISO 4217 code in another.
  currency: (text: string) => /^(-?\d+(\.\d+)?|[A-Z]{3})$/.test(text),
  'date-time': (text: string) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i.test(text),
};

/** upsell.yaml is not strict YAML: a double-quoted text goes on in the next line without being indented further. */
function joinQuotedLines(yaml: string): string {
  return yaml.replace(/^(\s*[\w-]+: "[^"\n]*)\n\s*(?=[^"\n]*"\s*$)/gm, '$1 ');
}

/** Forbids unnamed properties everywhere, so that `planid` cannot pass for an optional `planId`. */
function closeObjects(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closeObjects);
  if (typeof node !== 'object' || node === null) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closeObjects(value)]));
  const isSchema = copy['type'] === 'object' && typeof copy['properties'] === 'object';
  return isSchema ? { ...copy, additionalProperties: false } : copy;
}

interface Validator {
  validateResponse?(status: string, body: unknown): unknown;
  validateRequest?(request: object): unknown;
}

/** Both packages are CommonJS with a `default` inside, which loaders unwrap differently. */
function constructorOf(module: object): new (options: object) => Validator {
  let candidate: unknown = module;
  while (typeof candidate === 'object' && candidate !== null && 'default' in candidate) candidate = candidate.default;
  return candidate as new (
    options: object,
  ) => Validator;
}

function complaints(verdict: unknown): readonly string[] {
  if (verdict === undefined || verdict === null) return [];
  const { errors = [], message = 'refused' } = verdict as {
    errors?: { path?: string; message: string }[];
    message?: string;
  };
  return errors.length === 0 ? [message] : errors.map(({ path = '', message: text }) => `${path} ${text}`);
}
