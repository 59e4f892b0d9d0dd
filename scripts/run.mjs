import { join } from 'node:path';
import { buildIfStale, fail, root } from './build-if-stale.mjs';

/**
 * `node scripts/run.mjs dist/bot/main.js [arguments]`: builds what is stale, then runs the entry in this same process, so
 * that signals and the exit code are the program's own (package.json says `exec node` for the same reason: a SIGTERM to
 * npm would else end at its shell). An entry in TypeScript (`npm run dev`) needs no server build.
 */
const [entry = 'dist/bot/main.js', ...args] = process.argv.slice(2);
const path = join(root, entry);

await buildIfStale(entry.endsWith('.ts') ? ['console'] : undefined).catch(fail);

process.setSourceMapsEnabled(true);
process.argv.splice(1, Number.POSITIVE_INFINITY, path, ...args);
await import(path);
