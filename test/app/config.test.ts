import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { ConfigError, loadConfig } from '../../bot/config.js';
import { describeConfig, envExample, helpText } from '../../bot/variables.js';

const MILLOM = {
  MILLOM_BASE_URL: 'https://api.example.com/',
  MILLOM_TOKEN_URL: 'https://signin.example.com/oauth/token',
  MILLOM_CLIENT_ID: 'client',
  MILLOM_CLIENT_SECRET: 'hush hush',
  MILLOM_SERVICE_PROVIDER: 'refill',
  MILLOM_OPERATOR: 'celcom',
};

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('configuration', () => {
  test('nothing set: the sandbox, embedded stores, port 3000', () => {
    expect(loadConfig({})).toMatchObject({
      sandbox: true,
      sandboxByItself: true,
      port: 3000,
      redisUrl: undefined,
      databaseUrl: undefined,
      role: 'all',
    });
  });

  test('a telco switches the sandbox off; REFILL_SANDBOX=1 keeps it', () => {
    expect(loadConfig(MILLOM)).toMatchObject({
      sandbox: false,
      millom: { baseUrl: 'https://api.example.com', operator: 'celcom' },
    });
    expect(loadConfig({ ...MILLOM, REFILL_SANDBOX: '1' })).toMatchObject({ sandbox: true, sandboxByItself: false });
  });

  test('every wrong variable is named at once, and no value is repeated', () => {
    const problems = problemsOf({
      PORT: 'eighty',
      REDIS_URL: 'http://user:pa55word@host',
      LOG_LEVEL: 'loud',
      REFILL_KEY: 'too-short-to-be-a-key',
      REFILL_TIMEZONE: 'Mars/Olympus',
      MILLOM_CLIENT_SECRET: 'hush hush',
    });
    for (const name of [
      'PORT',
      'REDIS_URL',
      'LOG_LEVEL',
      'REFILL_KEY',
      'REFILL_TIMEZONE',
      'MILLOM_BASE_URL',
      'MILLOM_TOKEN_URL',
    ]) {
      expect(problems.filter((problem) => problem.startsWith(`${name}: `))).toHaveLength(1);
    }
    for (const value of ['eighty', 'pa55word', 'loud', 'too-short', 'Olympus', 'hush'])
      expect(problems.join('\n')).not.toContain(value);
  });

  test('an empty variable counts as unset', () => {
    expect(loadConfig({ PORT: '', REDIS_URL: ' ', MILLOM_BASE_URL: '' })).toMatchObject({ port: 3000, sandbox: true });
  });

  test('no telco and no sandbox is a mistake: nobody is sold to by a simulation unawares', () => {
    expect(problemsOf({ REFILL_SANDBOX: '0' })).toEqual(['MILLOM_BASE_URL: required, because REFILL_SANDBOX is 0']);
  });

  test('half a Millom connection is a mistake, not a sandbox', () => {
    expect(problemsOf({ MILLOM_BASE_URL: 'https://api.example.com' })).toHaveLength(5);
  });

  test('--help and .env.example list every variable', () => {
    for (const { name } of describeConfig()) {
      expect(helpText()).toContain(name);
      expect(envExample()).toContain(`#${name}=`);
    }
    expect(readFileSync('.env.example', 'utf8')).toBe(envExample());
  });
});
