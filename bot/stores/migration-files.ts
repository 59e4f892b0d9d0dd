import { readMigrationFiles } from 'drizzle-orm/migrator';

/** One file of migrations, as a server that goes on serving takes it. */
export interface Migration {
  /** As Drizzle's journal names it, ms since the epoch. */
  readonly when: number;
  /** SHA-256 of the file, for Drizzle's table. */
  readonly hash: string;
  /** What is done in one transaction: quick, as long as it reads and rewrites no big table. */
  readonly statements: readonly string[];
  /** What is built afterwards, while everybody goes on writing. */
  readonly indexes: readonly NewIndex[];
}

export interface NewIndex {
  readonly name: string;
  /** `create index concurrently`, outside of any transaction. */
  readonly sql: string;
}

/** Comments may come first. */
const START = '^(?:\\s*--.*\\n)*\\s*';
const CREATE_TABLE = new RegExp(`${START}create table (?:if not exists )?"(\\w+)"`, 'i');
const CREATE_INDEX = new RegExp(`${START}create (unique )?index (?:if not exists )?"(\\w+)" on "(\\w+)"`, 'i');

/** Reads what `npm run db:generate` wrote. Indexes on tables that were there before, and may be big, are set apart. */
export function readMigrations(folder: string): Migration[] {
  return readMigrationFiles({ migrationsFolder: folder }).map(({ sql, hash, folderMillis }) => {
    const own = new Set(sql.map((statement) => CREATE_TABLE.exec(statement)?.[1]));
    const parted = sql.map((statement) => ({ statement, index: laterIndex(statement, own) }));
    return {
      when: folderMillis,
      hash,
      statements: parted.flatMap(({ statement, index }) => (index === undefined ? [statement] : [])),
      indexes: parted.flatMap(({ index }) => index ?? []),
    };
  });
}

/** The index that this statement builds, unless on a table that is made in the same file and so is empty. */
function laterIndex(statement: string, own: ReadonlySet<string | undefined>): NewIndex | undefined {
  const [matched, unique = '', name, table] = CREATE_INDEX.exec(statement) ?? [];
  if (matched === undefined || name === undefined || own.has(table)) return undefined;
  return { name, sql: `create ${unique}index concurrently "${name}" on "${table}"${statement.slice(matched.length)}` };
}
