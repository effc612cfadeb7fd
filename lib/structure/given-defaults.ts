/** Defaults that the user gives for columns of tables that are created: `TABLE.COLUMN=EXPRESSION`. */
import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';

/** Expressions by `schema.table.column`. */
export type GivenDefaults = ReadonlyMap<string, string>;

interface MadeColumn {
  /** `schema.table.column` */
  name: string;
  kind: 'ordinary' | 'generated' | 'identity';
}

/** $1: names of tables. Their partitions are included. */
const columnsSql = `
select n.nspname || '.' || c.relname || '.' || a.attname as name,
       case when pgtide.column_generated(a.attrelid, a.attnum) <> '' then 'generated' when a.attidentity <> '' then 'identity'
            else 'ordinary' end as kind
  from unnest($1::text[]) w
  cross join lateral pgtide.table_tree(londiste.find_table_oid(w)) t (relation)
  join pg_class c on c.oid = t.relation
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped`;

/** Returns the defaults for columns of `tables`, which are to be created. Throws if a given default fits none of them. */
export async function resolveDefaults(
  root: Client,
  given: readonly string[],
  tables: readonly string[],
): Promise<GivenDefaults> {
  const defaults = new Map<string, string>();
  if (given.length === 0) return defaults;
  const columns = await root.query<MadeColumn>(columnsSql, [tables]);
  for (const one of given) {
    const { column, expression } = resolve(one, columns);
    if (expression === '') throw wrong(one, 'has no expression');
    if (column.kind !== 'ordinary') throw wrong(one, `is for ${withArticle(column.kind)} column`);
    if (defaults.has(column.name)) throw wrong(one, 'is the second one for its column');
    defaults.set(column.name, expression);
  }
  return defaults;
}

/** Finds the column of a given default. Names may contain dots and equals signs, so the longest name that fits wins. */
function resolve(one: string, columns: readonly MadeColumn[]): { column: MadeColumn; expression: string } {
  const fitting = columns.flatMap((column) => {
    const written = [column.name, column.name.replace(/^public\./, '')];
    const start = written.map((name) => `${name}=`).find((text) => one.startsWith(text));
    return start === undefined ? [] : [{ column, start }];
  });
  const [longest] = fitting.toSorted((a, b) => b.start.length - a.start.length);
  if (!longest) throw wrong(one, 'is for no column of a table that is made');
  return { column: longest.column, expression: one.slice(longest.start.length).trim() };
}

function withArticle(kind: MadeColumn['kind']): string {
  return kind === 'identity' ? 'an identity' : 'a generated';
}

function wrong(given: string, why: string): PgtideError {
  return new PgtideError('input', `the default ${given} ${why}`, {
    remedy: 'write TABLE.COLUMN=EXPRESSION, of a table that a leaf lacks and --create makes',
  });
}
