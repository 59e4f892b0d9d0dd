import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's root folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** What ships: everything but tests, scripts and the browser page. */
export const production = ['bot', 'adapters', 'flows', 'workers', 'sandbox'];

export interface SourceFile {
  /** Relative to the root. */
  readonly path: string;
  readonly lines: readonly string[];
}

/** Every hand-written source file under the given folders of the root. */
export function sources(folders: readonly string[]): SourceFile[] {
  return folders
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && /\.(ts|tsx|mjs|cjs)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path: relative(root, path), lines: readFileSync(path, 'utf8').trimEnd().split('\n') }));
}

/** `path:line  text` for every line that matches; what a failing test shows. */
export function findLines(files: readonly SourceFile[], matches: (line: string) => boolean) {
  return files.flatMap((file) =>
    file.lines.flatMap((line, index) => (matches(line) ? [`${file.path}:${index + 1}  ${line.trim()}`] : [])),
  );
}
