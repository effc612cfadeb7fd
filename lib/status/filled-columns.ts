/**
 * Columns that were added to a table after its copy. No event contains their values in the rows that existed: each side has
 * filled them with its own default. If the default was a constant, both sides have the same value. `gen_random_uuid()`, `now()`,
 * `nextval()` and an identity have generated different values on the two sides, or one side has a default that the other side lacks.
 *
 * The value that PostgreSQL stores for such rows if it has not rewritten the table (`missing`) is certain. Otherwise the only
 * evidence is the present default, and whether rows have values at all: a default that was set later has filled no rows.
 */
import type { Client } from '../db/client.ts';
import { quoteIdent } from '../db/identifier.ts';
import { readTable } from '../node/table-reader.ts';
import type { Problem } from './found-problem.ts';
import { lookInto } from './look-into.ts';

interface Fill {
  table: string;
  relation: bigint;
  name: string;
  generated: '' | 's' | 'v';
  expression: string | null;
  fixed: boolean;
  missing: string | null;
}

/** For each column, whether all rows of a sample have a value in it; null if the table has no rows, or cannot be read. */
type Filled = Record<string, boolean | null>;

const fillColumns = 'f.name, f.generated, f.expression, f.fixed, f.missing';

export async function filledColumnProblems(root: Client, leaf: Client, queue: string): Promise<Problem[]> {
  const added = await leaf.query<Fill>(
    `select c.table_name as table, c.relation::int8 as relation, ${fillColumns}
       from pgtide.copied_columns c
       join londiste.table_info t using (queue_name, table_name)
       cross join lateral pgtide.column_fills(c.relation, c.columns) f
      where c.queue_name = $1 and t.local and t.merge_state = 'ok'
        and c.relation = londiste.find_table_oid(coalesce(t.dest_table, t.table_name))
        and exists (select from pg_attribute a where a.attrelid = c.relation and a.attnum > c.columns)
      order by c.table_name, f.number`,
    [queue],
  );
  if (added.length === 0) return [];
  const onRoot = await root.query<Fill>(
    `select w.name as table, r.oid::int8 as relation, ${fillColumns}
       from unnest($1::text[]) w (name)
       cross join lateral londiste.find_table_oid(w.name) r (oid)
       cross join lateral pgtide.column_fills(r.oid, 0::int2) f`,
    [[...new Set(added.map(({ table }) => table))]],
  );
  const there = byTable(onRoot);
  const problems: Problem[] = [];
  for (const [table, here] of byTable(added)) {
    const names = new Set(here.map(({ name }) => name));
    const other = new Map((there.get(table) ?? []).map((fill) => [fill.name, fill]));
    const both = here.filter(({ name }) => other.has(name));
    const filledHere = await whichAreFilled(leaf, both);
    const filledThere = await whichAreFilled(
      root,
      [...other.values()].filter(({ name }) => names.has(name)),
    );
    for (const fill of both) {
      const { name } = fill;
      const [at, of] = [filledThere[name] ?? null, filledHere[name] ?? null];
      if (mayDiffer({ ...(other.get(name) ?? fill), filled: at }, { ...fill, filled: of }))
        problems.push(filledApart({ queue, leaf: leaf.node }, table, name));
    }
  }
  return problems;
}

function byTable(fills: readonly Fill[]): Map<string, Fill[]> {
  const tables = new Map<string, Fill[]>();
  for (const fill of fills) {
    const ofTable = tables.get(fill.table);
    if (ofTable) ofTable.push(fill);
    else tables.set(fill.table, [fill]);
  }
  return tables;
}

function filledApart({ queue, leaf }: { queue: string; leaf: string }, table: string, name: string): Problem {
  return {
    code: 'column-filled-apart',
    message: `${leaf}: column ${name} of ${table} was added after the copy, and each side has filled the rows that were there by itself`,
    remedy: `pgtide compare ${queue} ${table} shows whether they differ; pgtide resync ${queue} ${table} makes them equal`,
  };
}

/** Reads a sample of rows of the table that has these columns. */
async function whichAreFilled(client: Client, columns: readonly Fill[]): Promise<Filled> {
  const [first] = columns;
  if (!first) return {};
  const found = await lookInto(client, first.relation, (reader) =>
    readTable<{ filled: (boolean | null)[] }>(client, reader, {
      columns: 'filled bool[]',
      sql: () =>
        `select array[${columns.map((_, nr) => `bool_and(s.c${nr})`).join(', ')}] as filled
           from (select ${columns.map(({ name }, nr) => `t.${quoteIdent(name)} is not null as c${nr}`).join(', ')}
                   from ${reader.name} t limit 1000) s`,
    }),
  );
  return Object.fromEntries(columns.map(({ name }, nr) => [name, found?.[0]?.filled[nr] ?? null]));
}

/** Removes blanks, which PostgreSQL versions place differently. */
const normal = (expression: string | null) => expression?.replaceAll(/\s+/g, '') ?? null;

type Looked = Fill & { filled: boolean | null };

function mayDiffer(root: Looked, leaf: Looked): boolean {
  const sameExpression = normal(root.expression) === normal(leaf.expression);
  if (root.generated === 'v') return false;
  // Other differences of a column that is generated only on the leaf are reported as structure-drift.
  if (leaf.generated !== '') return root.generated !== '' && !sameExpression;
  if (root.filled === null || leaf.filled === null) return false;
  if (!root.filled && !leaf.filled) return false;
  // All values on the leaf came by events.
  if (leaf.expression === null && leaf.missing === null && leaf.filled) return false;
  if (root.missing !== null && leaf.missing !== null) return root.missing !== leaf.missing;
  return !(sameExpression && root.fixed && leaf.fixed && root.generated === '');
}
