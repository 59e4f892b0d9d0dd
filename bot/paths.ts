import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The folder with Refill's package.json. Code runs from the sources in development and from `dist/` in production; files that
 * are not compiled (SQL, the console's page) stay where the package has them.
 */
export function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}
