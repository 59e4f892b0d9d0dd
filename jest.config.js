/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/var/'],
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  transform: {
    '^.+\\.tsx?$': [
      '@swc/jest',
      {
        swcrc: false,
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', tsx: false },
        },
        module: { type: 'es6' },
      },
    ],
  },
  // TypeScript imports name the file that will exist after compiling; jest runs the file that exists now.
  moduleNameMapper: { '^(\\.{1,2}/.*)(?<!\\.json)\\.js$': '$1' },
  // The first test that needs a PGlite on a machine makes one, and machines are busy.
  testTimeout: 40_000,
  maxWorkers: 2,
  reporters: ['default', '<rootDir>/scripts/jest-summary.cjs'],
};
