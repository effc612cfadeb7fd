import { createHash } from 'node:crypto';

/** The schemas in the order of their dependencies. */
export const schemaOrder = ['pgq', 'pgq_coop', 'pgq_ext', 'pgq_node', 'londiste', 'pgtide'] as const;

export interface SourceFile {
  path: string;
  text: string;
}

export interface Migration extends SourceFile {
  from: number;
  to: number;
}

/** The SQL files of one schema. */
export interface SchemaSources {
  schema: string;
  /** The version of the tables: 1 until there are migrations, then the version to which the last migration leads. */
  version: number;
  hash: string;
  tables: SourceFile | undefined;
  migrations: Migration[];
  functions: SourceFile[];
  triggers: SourceFile[];
  grants: SourceFile | undefined;
}

/** Creates the installer's own table; runs before anything else. */
export const BOOKKEEPING_FILE = 'pgtide/install.sql';

export function schemaSources(files: ReadonlyMap<string, string>): SchemaSources[] {
  return schemaOrder.map((schema) => oneSchema(schema, files)).filter((sources) => !isEmpty(sources));
}

function oneSchema(schema: string, files: ReadonlyMap<string, string>): SchemaSources {
  const under = (folder: string): SourceFile[] =>
    [...files]
      .filter(([path]) => path.startsWith(`${folder}/`))
      .map(([path, text]) => ({ path, text }))
      .sort((a, b) => (a.path < b.path ? -1 : 1));
  const file = (path: string): SourceFile | undefined => {
    const text = files.get(path);
    return text === undefined ? undefined : { path, text };
  };
  const migrations = under(`migrations/${schema}`)
    .map(asMigration)
    .sort((a, b) => a.from - b.from);
  return {
    schema,
    version: migrations.at(-1)?.to ?? 1,
    hash: hashOf([...under(schema), ...migrations]),
    tables: file(`${schema}/tables.sql`),
    migrations,
    functions: under(`${schema}/functions`),
    triggers: under(`${schema}/triggers`),
    grants: file(`${schema}/grants.sql`),
  };
}

function isEmpty(sources: SchemaSources): boolean {
  return !sources.tables && sources.functions.length === 0;
}

function asMigration(file: SourceFile): Migration {
  const [, from, to] = /(\d+)-(\d+)\.sql$/.exec(file.path) ?? [];
  if (!from || !to) throw new Error(`${file.path} must be named <from>-<to>.sql`);
  return { ...file, from: Number(from), to: Number(to) };
}

function hashOf(files: SourceFile[]): string {
  const hash = createHash('sha256');
  for (const { path, text } of files) hash.update(path).update('\0').update(text).update('\0');
  return hash.digest('hex');
}
