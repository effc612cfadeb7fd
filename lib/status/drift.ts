import type { Client } from '../db/client.ts';
import { compareTables } from '../tables/comparison.ts';
import { type ColumnType, retypedMisfit } from '../value-fit.ts';
import type { Problem } from './problem.ts';

/** Tables whose columns or keys do not fit on the two sides (any more). */
export async function driftProblems(
  root: Client,
  leaf: Client,
  names: readonly string[],
): Promise<Problem[]> {
  const found = await compareTables(root, leaf, names);
  return found.map(({ message, remedy }) => ({
    code: 'structure-drift',
    message: `${leaf.node}: ${message}`,
    remedy,
  }));
}

/** Tables whose rows the provider may have converted, without an event, since they were copied or followed last. */
export async function retypedProblems(
  root: Client,
  leaf: Client,
  { queue, names }: { queue: string; names: readonly string[] },
): Promise<Problem[]> {
  const known = await leaf.query<{ table: string; types: ColumnType[] | null }>(
    `select n.name as "table", pgtide.known_types($1, n.name) as types from unnest($2::text[]) n (name)
       left join pgtide.table_state s on s.queue_name = $1 and s.table_name = n.name where s.error is null`,
    [queue, names],
  );
  const present = await root.query<{ table: string; types: ColumnType[] | null }>(
    'select n.name as "table", pgtide.column_types(londiste.find_table_oid(n.name)) as types from unnest($1::text[]) n (name)',
    [names],
  );
  const now = new Map(present.map(({ table, types }) => [table, types ?? []]));
  return known.flatMap(({ table, types }) => {
    const misfit = retypedMisfit(table, types ?? [], now.get(table) ?? []);
    if (misfit === undefined) return [];
    return [
      {
        code: 'provider-retyped',
        message: `${leaf.node}: ${misfit}`,
        remedy: `copy it again: pgtide resync ${queue} ${table}`,
      },
    ];
  });
}
