import type { Client } from '../db/client.ts';
import { compareDescribed, type Described, describeBoth } from '../structure/comparison.ts';
import type { Table } from '../structure/structure.ts';
import { type ColumnType, retypedMisfit } from '../value-fit.ts';
import type { Problem } from './found-problem.ts';

interface Followed {
  queue: string;
  names: readonly string[];
}

/** Reports tables whose columns or keys do not match (any more) on the two sides, or whose columns were retyped. */
export async function driftProblems(root: Client, leaf: Client, followed: Followed): Promise<Problem[]> {
  // Read first, so that columns that replay judges meanwhile are not mistaken for older ones than the root's columns.
  const known = await knownTypes(leaf, followed);
  const described = await describeBoth(root, leaf, followed.names);
  return [
    ...compareDescribed(described, followed.names).map(({ message, remedy }) => ({
      code: 'structure-drift' as const,
      message: `${leaf.node}: ${message}`,
      remedy,
    })),
    ...retypedProblems(leaf, { queue: followed.queue, known }, described),
  ];
}

interface Known {
  table: string;
  types: ColumnType[] | null;
}

/** Returns the provider's columns when they were last judged. */
function knownTypes(leaf: Client, { queue, names }: Followed): Promise<Known[]> {
  return leaf.query<Known>(
    `select n.name as "table", pgtide.known_types($1, n.name) as types from unnest($2::text[]) n (name)
       left join pgtide.table_state s on s.queue_name = $1 and s.table_name = n.name where s.error is null`,
    [queue, names],
  );
}

/** Reports tables whose rows the provider may have converted, without an event, since they were last copied or followed. */
function retypedProblems(
  leaf: Client,
  { queue, known }: { queue: string; known: readonly Known[] },
  { there }: Described,
): Problem[] {
  return known.flatMap(({ table, types }) => {
    const now = there.get(table);
    // A view in place of the table is another problem.
    if (!now || !['r', 'p'].includes(now.kind)) return [];
    const misfit = retypedMisfit(table, types ?? [], typesOf(now));
    if (misfit === undefined) return [];
    return [
      {
        code: 'provider-retyped' as const,
        message: `${leaf.node}: ${misfit}`,
        remedy: `copy it again: pgtide resync ${queue} ${table}`,
      },
    ];
  });
}

/** Returns the columns in the form of pgtide.column_types. */
function typesOf({ columns }: Table): ColumnType[] {
  return columns
    .filter(({ generated }) => generated !== 'v')
    .map(({ name, stored, type, generated }) => ({
      name,
      type: stored,
      shown: type,
      generated: generated !== '',
    }));
}
