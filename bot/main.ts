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
  'LEDGER_UNAVAILABLE',
  'KEY_INVALID',
  'KEY_MISMATCH',
  'BROWSER_MISSING',
  'PORT_TAKEN',
]);

/** Ctrl-C reaches us twice under npm, from the terminal and passed on by npm: that is one wish to stop, not two. */
const SAME_SIGNAL_MS = 1000;

if (process.argv.includes('--help') || process.argv.includes('-h')) {
  process.stdout.write(helpText());
} else {
  await main();
}

/** Starts Refill and keeps it running until SIGTERM or SIGINT; another signal a second later ends it at once. */
async function main(): Promise<void> {
  try {
    const config = loadConfig(process.env);
    const log = createLog(config.logLevel);
    const app = await startApp(config, log);
    if (config.sandbox) process.stdout.write(`\n  Refill is ready. Open ${app.url}\n\n`);
    let stoppingSince: number | undefined;
    const stop = (signal: string) => {
      if (stoppingSince !== undefined) {
        if (performance.now() - stoppingSince > SAME_SIGNAL_MS) process.exit(1);
        return;
      }
      stoppingSince = performance.now();
      log.info({ signal }, 'stopping');
      void app.close().then(() => process.exit(0));
    };
    process.on('SIGTERM', stop).on('SIGINT', stop);
  } catch (error) {
    // In words, not as a stack.
    const expected = error instanceof RefillError && EXPECTED.has(error.code);
    if (!expected) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
