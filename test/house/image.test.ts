import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { load, YAML11_SCHEMA } from 'js-yaml';
import { z } from 'zod';
import { root } from './tree.js';

const read = (name: string) => readFileSync(join(root, name), 'utf8');

const service = z.object({
  image: z.string(),
  user: z.string().optional(),
  read_only: z.boolean().optional(),
  privileged: z.boolean().optional(),
  cap_drop: z.array(z.string()).optional(),
  cap_add: z.array(z.string()).optional(),
  security_opt: z.array(z.string()).optional(),
  ports: z.array(z.string()).optional(),
  networks: z.array(z.string()),
  command: z.array(z.string()).optional(),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).optional(),
  environment: z.record(z.string(), z.string()).optional(),
});
const composeFile = z.object({
  services: z.record(z.string(), service),
  networks: z.record(z.string(), z.object({ internal: z.boolean() }).nullable()),
});

describe('compose.yaml', () => {
  const compose = composeFile.parse(load(read('compose.yaml'), { schema: YAML11_SCHEMA }));
  const services = Object.entries(compose.services);

  test('runs Refill, Redis and PostgreSQL', () => {
    expect(Object.keys(compose.services)).toEqual(['refill', 'redis', 'postgres']);
  });

  test.each(services)('%s can neither write to its image nor gain a privilege', (_name, options) => {
    expect(options).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    expect(options.privileged).toBeUndefined();
    expect(options.cap_add).toBeUndefined();
  });

  const stores = services.filter(([name]) => name !== 'refill');

  test.each(stores)('%s is named by a version', (_name, { image }) => {
    expect(image).toMatch(/:\d+/);
  });

  test.each(stores)('only Refill reaches %s', (_name, options) => {
    expect(options.ports).toBeUndefined();
    expect(options.networks).toEqual(['stores']);
    expect(compose.networks.stores?.internal).toBe(true);
    expect(options.user).toMatch(/^(redis|postgres)$/);
  });

  test('Refill waits until both stores answer', () => {
    expect(compose.services.refill?.depends_on).toEqual({
      redis: { condition: 'service_healthy' },
      postgres: { condition: 'service_healthy' },
    });
    expect(compose.services.redis?.healthcheck?.test).toContain('ping');
    expect(compose.services.postgres?.healthcheck?.test).toContain('pg_isready');
  });

  test('Redis keeps every write and evicts nothing', () => {
    const command = compose.services.redis?.command?.join(' ');
    expect(command).toContain('--appendonly yes');
    expect(command).toContain('--maxmemory-policy noeviction');
  });

  test('a missing password is asked for in a form that fits into an address', () => {
    const passwords = services.flatMap(([, { environment = {} }]) =>
      Object.values(environment).flatMap((value) => [...value.matchAll(/\$\{POSTGRES_PASSWORD:\?(.*?)\}/g)]),
    );
    expect(passwords.map(([, asked]) => asked)).toEqual(
      Array(2).fill('set it in .env, letters and digits only, e.g. of `openssl rand -hex 32`'),
    );
  });

  test('no password is written down', () => {
    for (const [, { environment = {} }] of services) {
      for (const [name, value] of Object.entries(environment)) {
        if (/PASSWORD|SECRET|TOKEN|DATABASE_URL/.test(name)) expect(value).toContain('${POSTGRES_PASSWORD:?');
      }
    }
  });
});

describe('Dockerfile', () => {
  const stages = read('Dockerfile')
    .split(/^FROM /m)
    .slice(1);
  const last = stages.at(-1) ?? '';

  test('installs from the lock file and runs no install script', () => {
    const installs = stages.join('').match(/npm (ci|install|i)\b[^&\n]*/g) ?? [];
    expect(installs).toHaveLength(stages.length);
    for (const install of installs) expect(install).toMatch(/^npm ci .*--ignore-scripts/);
  });

  test('ships without the build tools, as a user who is not root', () => {
    expect(last).toContain('npm ci --omit=dev');
    expect(last.match(/^USER (.+)$/m)?.[1]).toBe('node');
    expect(last.indexOf('\nUSER ')).toBeGreaterThan(last.lastIndexOf('\nRUN '));
  });

  test('listens where the outside reaches it', () => {
    expect(last).toMatch(/^ENV .*\bHOST=0\.0\.0\.0\b/m);
    expect(last).toContain('EXPOSE 3000');
  });

  test.each([
    ['healthy when turns can be taken', 200, 0],
    ['unhealthy when they cannot', 503, 1],
  ])('is %s', async (_what, status, code) => {
    const [program = '', ...args] = z
      .array(z.string())
      .parse(JSON.parse(last.match(/HEALTHCHECK[\s\S]*?CMD (.*)$/m)?.[1] ?? ''));
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/readyz' ? status : 404).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const check = spawn(program, args, { env: { ...process.env, PORT: `${port}` } });
    expect(await once(check, 'close')).toEqual([code, null]);
    server.close();
  });

  test('stops when asked to: node is process 1 and gets the signal itself', () => {
    expect(last).toContain('STOPSIGNAL SIGTERM');
    expect(last.trimEnd().split('\n').at(-1)).toMatch(/^CMD \["node", .*"dist\/bot\/main\.js"\]$/);
  });

  test('its base is the Node that .nvmrc names, to the patch', () => {
    const major = read('.nvmrc').trim();
    for (const stage of stages) expect(stage).toMatch(new RegExp(`^node:${major}\\.\\d+\\.\\d+-`));
  });
});
