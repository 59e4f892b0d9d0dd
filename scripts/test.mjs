import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { buildIfStale, fail, root } from './build-if-stale.mjs';
import { prepareTools } from './test-tools.mjs';

/**
 * `npm test [-- jest arguments]`: sees to what the tests need on this machine, builds what is stale, runs jest.
 * The last line is `N passed, N failed, N skipped`.
 */
async function main() {
  const variables = prepareTools();
  await buildIfStale();
  const args = [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    join(root, 'node_modules/jest/bin/jest.js'),
    ...process.argv.slice(2),
  ];
  const jest = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...variables }, stdio: 'inherit' });
  process.on('SIGINT', () => jest.kill('SIGINT'));
  process.on('SIGTERM', () => jest.kill('SIGTERM'));
  jest.once('error', fail);
  jest.once('close', (code) => {
    process.exitCode = code ?? 1;
  });
}

await main().catch(fail);
