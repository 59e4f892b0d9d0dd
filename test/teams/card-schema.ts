import { existsSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';

/** What Microsoft's JSON schema for Adaptive Cards 1.5 has against a card; nothing to check with where it is not beside this repository. */
export const schemaErrors: ((card: unknown) => string[]) | undefined = load();

function load() {
  const path = new URL('../../../shared/specs/adaptive-cards/1.5.0.json', import.meta.url);
  if (!existsSync(path)) return undefined;
  // Draft 6, whose `id` and `$schema` Ajv's strict mode has no use for.
  const { $schema: _draft, id: _id, ...schema } = JSON.parse(readFileSync(path, 'utf8'));
  const ajv = new Ajv({ strict: false, allErrors: false, verbose: false });
  addFormats.default(ajv);
  const validate = ajv.compile(schema);
  return (card: unknown) =>
    validate(card) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`);
}
