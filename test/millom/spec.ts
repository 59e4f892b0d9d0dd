import { existsSync, readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import requestValidator from 'openapi-request-validator';
import responseValidator from 'openapi-response-validator';

// CommonJS with a `default` of their own.
const { default: RequestValidator } = requestValidator;
const { default: ResponseValidator } = responseValidator;

export interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

export interface Operation {
  /** What is wrong with a request, in the validator's words; empty when nothing is. */
  requestErrors(request: { url: URL; headers: object; body: string }): string[];
  responseErrors(status: number, body: unknown): string[];
  /** The JSON schema of an answer, references resolved. */
  responseSchema(status: number | 'default'): Schema;
  /** The JSON schema of a request's body. */
  requestSchema(): Schema;
}

interface Body {
  readonly content?: { readonly 'application/json': { readonly schema: Schema } };
}

/** As much of an operation as we look at ourselves; the validators read the rest. */
interface OperationObject {
  readonly parameters: NonNullable<RequestArguments['parameters']>;
  readonly requestBody?: Body & NonNullable<RequestArguments['requestBody']>;
  readonly responses: Readonly<Record<string, Body>> & ResponseArguments['responses'];
}

type RequestArguments = ConstructorParameters<typeof RequestValidator>[0];
type ResponseArguments = ConstructorParameters<typeof ResponseValidator>[0];

/** An OpenAPI file of Millom's, or `undefined` where the specifications are not beside this repository. */
export function loadSpec(file: string) {
  const path = new URL(`../../../shared/specs/millom/${file}`, import.meta.url);
  if (!existsSync(path)) return undefined;
  const root = load(readable(readFileSync(path, 'utf8'))) as { paths: Record<string, Record<string, OperationObject>> };
  const { paths } = resolved(root, root) as typeof root;
  return {
    /** The operation that a request is for. */
    find(method: string, pathname: string): Operation | undefined {
      for (const [template, operations] of Object.entries(paths)) {
        const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
        const values = new RegExp(`^${template.replaceAll(/\{\w+\}/g, '([^/]+)')}$`).exec(pathname);
        const operation = operations[method.toLowerCase()];
        if (values === null || operation === undefined) continue;
        const params = Object.fromEntries(names.map((name, i) => [name, decodeURIComponent(values[i + 1] ?? '')]));
        return toOperation(operation, params);
      }
      return undefined;
    },
  };
}

function toOperation(operation: OperationObject, params: Record<string, string>): Operation {
  const requests = new RequestValidator({
    parameters: operation.parameters,
    ...(operation.requestBody && { requestBody: operation.requestBody }),
    additionalQueryProperties: false,
  });
  const responses = new ResponseValidator({ responses: operation.responses });
  return {
    requestErrors({ url, headers, body }) {
      const query = Object.fromEntries(url.searchParams);
      const request = { headers: { ...headers }, params, query, body: body === '' ? undefined : JSON.parse(body) };
      const problem = requests.validateRequest(request);
      return (problem?.errors ?? []).map(
        (error: { path?: string; message: string }) => `${error.path}: ${error.message}`,
      );
    },
    responseErrors: (status, body) => {
      const problem = responses.validateResponse(String(status), body);
      return (problem?.errors ?? []).map(
        (error: { path?: string; message: string }) => `${error.path}: ${error.message}`,
      );
    },
    responseSchema: (status) => operation.responses[status]?.content?.['application/json'].schema ?? {},
    requestSchema: () => operation.requestBody?.content?.['application/json'].schema ?? {},
  };
}

/** upsell.yaml is not strict YAML: some of its quoted descriptions go on in a column that is too far left. */
function readable(yaml: string): string {
  return yaml.replaceAll(/description: "[^"\\]*"/g, (description) => description.replaceAll(/\s*\n\s*/g, ' '));
}

/** `node` with every `$ref` replaced by what it points to. */
function resolved(node: unknown, root: object): unknown {
  if (Array.isArray(node)) return node.map((item) => resolved(item, root));
  if (typeof node !== 'object' || node === null) return node;
  // What another file defines is not looked at: anything fits.
  if ('$ref' in node && !String(node.$ref).startsWith('#')) return {};
  if ('$ref' in node) {
    const path = String(node.$ref).replace('#/', '').split('/');
    return resolved(
      path.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], root),
      root,
    );
  }
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, resolved(value, root)]));
}
