import { register } from 'node:module';

/** `node --import …/preload.js`: some modules of this process are then the ones beside this file, which wrap the real ones. */
register('./hooks.js', import.meta.url);

// Whoever started us is gone: do not stay behind.
process.on('disconnect', () => process.exit(0));
process.channel?.unref();
