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

/**
 * Starts Refill and keeps it running until SIGTERM or SIGINT; another of these a second later ends it at once. SIGUSR2 prints the
 * address of the console anew.
 */
async function main(): Promise<void> {
  try {
    const config = loadConfig(process.env);
    const log = createLog(config.logLevel);
    const app = await startApp(config, log);
    if (app.console !== undefined) process.stdout.write(`\n  Refill is ready. Open ${app.console}\n\n`);
    // Whoever may signal this process may log in to it. Not SIGHUP: a terminal that is closed sends that.
    process.on('SIGUSR2', () => {
      void app.consoleAgain().then(
        (url) => void (url !== undefined && process.stdout.write(`\n  Open ${url}\n\n`)),
        (error: unknown) => log.warn({ err: error }, 'no new login link could be made'),
      );
    });
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
