import { defineConfig } from 'vite';

// Strict CSP (`default-src 'self'`): nothing inline, nothing as a data: URL.
export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist/console',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/web': 'http://127.0.0.1:3000', '/console': 'http://127.0.0.1:3000' } },
});
