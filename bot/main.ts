import { startApp } from './app.js';
import { loadConfig } from './config.js';
import { RefillError } from './errors.js';
import { createLog } from './log.js';
import { helpText } from './variables.js';

/** What the person at the terminal can put right. */
const EXPECTED: ReadonlySet<string> = new Set([
  'CONFIG',
  'STORE_UNAVAILABLE',
  'STORE_IN_USE',
  'KEY_INVALID',
  'BROWSER_MISSING',
  'PORT_TAKEN',
]);

if (process.argv.includes('--help') || process.argv.includes('-h')) {
  process.stdout.write(helpText());
} else {
  await main();
}

/** Starts Refill and keeps it running until SIGTERM or SIGINT; a second signal ends it at once. */
async function main(): Promise<void> {
  try {
    const config = loadConfig(process.env);
    const log = createLog(config.logLevel);
    const app = await startApp(config, log);
    if (config.sandbox) process.stdout.write(`\n  Refill is ready. Open ${app.url}\n\n`);
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        log.info({ signal }, 'stopping');
        process.once(signal, () => process.exit(1));
        void app.close().then(() => process.exit(0));
      });
    }
  } catch (error) {
    // In words, not as a stack.
    const expected = error instanceof RefillError && EXPECTED.has(error.code);
    if (!expected) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
