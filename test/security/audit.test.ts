import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { packageRoot } from '../../bot/paths.js';
import { lockProblems, reasonOf, vulnerabilities } from '../../scripts/audit.mjs';

const fine = { version: '1.0.0', integrity: 'sha512-x' };
const problemsOf = (entry: object) =>
  lockProblems({ packages: { '': {}, 'node_modules/x': entry } }, new Set(['known']));

test('the lock file as it is has nothing to be said against it', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/audit.mjs', '--offline'], {
    cwd: packageRoot(),
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/packages, 0 problems/);
});

test('a package from elsewhere, without a checksum or with an install script is found', () => {
  expect(problemsOf(fine)).toEqual([]);
  expect(problemsOf({ ...fine, resolved: 'https://registry.npmjs.org/x/-/x-1.0.0.tgz' })).toEqual([]);
  for (const resolved of [
    'https://evil.example/x.tgz',
    'http://registry.npmjs.org/x.tgz',
    'git+ssh://git@github.com/x/x.git',
  ]) {
    expect(problemsOf({ ...fine, resolved })).toEqual(['x: not from https://registry.npmjs.org/']);
  }
  expect(problemsOf({ version: '1.0.0' })).toEqual(['x: no checksum']);
  expect(problemsOf({ ...fine, integrity: 'sha1-x' })).toEqual(['x: no SHA-512 checksum']);
  expect(problemsOf({ ...fine, hasInstallScript: true })).toHaveLength(1);
  expect(problemsOf({ ...fine, hasInstallScript: true, dev: true })).toEqual([]);
  expect(
    lockProblems({ packages: { 'node_modules/known': { ...fine, hasInstallScript: true } } }, new Set(['known'])),
  ).toEqual([]);
});

test('an advisory is let through with a reason, for its package and until its end only', () => {
  const report = {
    vulnerabilities: {
      x: { via: [{ source: 1, name: 'x', title: 'Bad', url: 'https://github.com/advisories/GHSA-aaaa' }] },
      y: { via: ['x'] },
    },
  };
  const now = new Date('2026-11-21');
  const allowed = { id: 'GHSA-aaaa', package: 'x', reason: 'not reached', until: '2027-01-01' };
  expect(vulnerabilities(report, [], now)).toEqual(['x: Bad (https://github.com/advisories/GHSA-aaaa)']);
  expect(vulnerabilities(report, [allowed], now)).toEqual([]);
  expect(vulnerabilities(report, [{ ...allowed, until: '2026-01-01' }], now)).toHaveLength(1);
  expect(vulnerabilities(report, [{ ...allowed, package: 'z' }], now)).toHaveLength(1);
});

test('why npm could not tell is said as npm said it, not where its log is', () => {
  const url = 'https://registry.npmjs.org/-/npm/v1/security/advisories/bulk';
  const complaint = [
    'npm warn Unknown user config "x". This will stop working in the next major version of npm.',
    `npm warn audit 405 Method Not Allowed - POST ${url}`,
    'npm error audit endpoint returned an error',
    'npm error A complete log of this run can be found in: /tmp/debug-0.log',
  ].join('\n');
  expect(reasonOf({ said: '{}', complaint })).toBe(`audit 405 Method Not Allowed - POST ${url}`);
  expect(reasonOf({ said: '', complaint: 'npm error code ENOTFOUND\nnpm error network' })).toBe('code ENOTFOUND');
  expect(reasonOf({ said: '', complaint: '' })).toBe('no reason given');
});
