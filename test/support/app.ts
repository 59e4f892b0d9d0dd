import { randomBytes } from 'node:crypto';
import { type App, startApp } from '../../bot/app.js';
import { loadConfig } from '../../bot/config.js';
import type { Logger } from '../../bot/log.js';
import type { Sandbox } from '../../sandbox/index.js';
import { postgresServer, silent, tempFolder, tempPostgres } from './stores.js';
import { WebClient } from './web-client.js';

export interface TestApp extends App {
  readonly sandbox: Sandbox;
  /** Where its embedded stores are. */
  readonly dataDir: string;
  /** Its database's name on the local PostgreSQL server; `undefined` with PGlite. */
  readonly databaseName: string | undefined;
  /** A fresh copy of a persona, at the web channel. */
  subscriber(persona: string): Promise<WebClient & { readonly id: string }>;
}

/**
 * Refill as `npm start` runs it, in this process: sandbox, its own redis-server, and a database of its own on the local
 * PostgreSQL server where there is one, else PGlite.
 */
export async function startTestApp(env: Readonly<Record<string, string>> = {}, log: Logger = silent): Promise<TestApp> {
  const folder = tempFolder();
  const database = (await postgresServer()) === undefined ? undefined : await tempPostgres();
  await database?.database.close();
  const app = await startApp(
    loadConfig({ PORT: '0', REFILL_DATA_DIR: folder.path, ...(database && { DATABASE_URL: database.url }), ...env }),
    log,
  );
  const { sandbox } = app;
  if (sandbox === undefined) throw new Error('the sandbox is off');
  const clients: WebClient[] = [];
  return {
    ...app,
    sandbox,
    dataDir: folder.path,
    databaseName: database && new URL(database.url).pathname.slice(1),
    async subscriber(persona) {
      const id = `${persona}~${randomBytes(4).toString('hex')}`;
      const client = await WebClient.open(app.url, id);
      clients.push(client);
      return Object.assign(client, { id });
    },
    async close() {
      for (const client of clients) client.close();
      await app.close();
      await database?.close();
      folder.remove();
    },
  };
}
