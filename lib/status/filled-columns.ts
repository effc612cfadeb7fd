/**
 * Columns that were added to a table after its copy. No event tells what they hold in the rows that were there: each side has
 * filled them by its own default. Where that was a constant, both have the same; `gen_random_uuid()`, `now()`, `nextval()` and an
 * identity have given two sets of values, or the one side has a default that the other one lacks.
 *
 * What is certain is the value that PostgreSQL keeps for such rows where it has not rewritten the table (`missing`). Otherwise
 * the default as it is now is what there is to go by, and whether rows have values at all: a default that was set later
 * has filled nothing.
 */
import type { Client } from '../db/client.ts';
import type { Problem } from './problem.ts';

interface Fill {
  table: string;
  name: string;
  generated: '' | 's' | 'v';
  expression: string | null;
  fixed: boolean;
  missing: string | null;
  filled: boolean | null;
}

const fillColumns = 'f.name, f.generated, f.expression, f.fixed, f.missing, f.filled';

export async function filledColumnProblems(root: Client, leaf: Client, queue: string): Promise<Problem[]> {
  const added = await leaf.query<Fill>(
    `select c.table_name as table, ${fillColumns}
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
  const there = await root.query<Fill>(
    `select w.name as table, ${fillColumns}
       from unnest($1::text[]) w (name)
       cross join lateral pgtide.column_fills(londiste.find_table_oid(w.name), 0::int2) f`,
    [[...new Set(added.map(({ table }) => table))]],
  );
  const byName = new Map(there.map((fill) => [`${fill.table} ${fill.name}`, fill]));
  return added
    .filter((here) => {
      const other = byName.get(`${here.table} ${here.name}`);
      return other !== undefined && mayDiffer(other, here);
    })
    .map(({ table, name }) => ({
      code: 'column-filled-apart',
      message: `${leaf.node}: column ${name} of ${table} was added after the copy, and each side has filled the rows that were there by itself`,
      remedy: `pgtide compare ${queue} ${table} shows whether they differ; pgtide resync ${queue} ${table} makes them equal`,
    }));
}

/** Without blanks, which versions set differently. */
const normal = (expression: string | null) => expression?.replaceAll(/\s+/g, '') ?? null;

function mayDiffer(root: Fill, leaf: Fill): boolean {
  const sameExpression = normal(root.expression) === normal(leaf.expression);
  if (root.generated === 'v') return false;
  // What else is wrong with a column that is generated here alone is structure-drift.
  if (leaf.generated !== '') return root.generated !== '' && !sameExpression;
  if (root.filled === null || leaf.filled === null) return false;
  if (!root.filled && !leaf.filled) return false;
  // All that it holds came by events.
  if (leaf.expression === null && leaf.missing === null && leaf.filled) return false;
  if (root.missing !== null && leaf.missing !== null) return root.missing !== leaf.missing;
  return !(sameExpression && root.fixed && leaf.fixed && root.generated === '');
}
