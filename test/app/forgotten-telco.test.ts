import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { type App, startApp } from '../../bot/app.js';
import { loadConfig } from '../../bot/config.js';
import { postgresServer, silent, tempFolder, tempPostgres } from '../support/stores.js';

const MILLOM = {
  MILLOM_BASE_URL: 'http://127.0.0.1:9/millom',
  MILLOM_TOKEN_URL: 'http://127.0.0.1:9/token',
  MILLOM_CLIENT_ID: 'refill',
  MILLOM_CLIENT_SECRET: 'secret',
  MILLOM_SERVICE_PROVIDER: 'refill',
  MILLOM_OPERATOR: 'celcom',
};

const folder = tempFolder();
let database: Awaited<ReturnType<typeof tempPostgres>> | undefined;
let app: App | undefined;

beforeAll(async () => {
  database = (await postgresServer()) === undefined ? undefined : await tempPostgres();
}, 60_000);
afterEach(async () => {
  await app?.close();
  app = undefined;
});
afterAll(async () => {
  await database?.close();
  folder.remove();
});

async function start(env: Readonly<Record<string, string>>): Promise<App> {
  const where = { PORT: '0', REFILL_DATA_DIR: folder.path, ...(database && { DATABASE_URL: database.url }) };
  app = await startApp(loadConfig({ ...where, ...env }), silent);
  return app;
}

test('a process that was not told of the telco the others use does not start; a trial that is asked for does', async () => {
  expect((await start({})).sandbox).toBeDefined();
  await app?.close();
  // A trial may become the real thing.
  expect((await start(MILLOM)).sandbox).toBeUndefined();
  await app?.close();
  app = undefined;
  await expect(start({})).rejects.toMatchObject({
    code: 'TELCO_MISSING',
    message: expect.stringContaining('MILLOM_BASE_URL'),
  });
  expect((await start({ REFILL_SANDBOX: '1' })).sandbox).toBeDefined();
}, 120_000);
