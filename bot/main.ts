import { startApp } from './app.js';
import { ConfigError, loadConfig } from './config.js';
import { createLog } from './log.js';
import { StoreInUse, StoreUnavailable } from './stores/errors.js';
import { helpText } from './variables.js';

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
    // Something the person at the terminal can put right: say it in words, not as a stack.
    const expected = error instanceof ConfigError || error instanceof StoreUnavailable || error instanceof StoreInUse;
    if (!expected) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
