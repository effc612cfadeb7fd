/**
 * Checks, before a row is written, whether the subscriber's columns keep the values of the staged events: see lib/value-fit.ts.
 *
 * An event's tag is a mark of the names and types of the columns that its values were written with. A tag that has been judged is
 * stored on the subscriber, together with a mark of the subscriber's columns. So the check costs one catalog query a slice,
 * whatever the slice contains. For any other tag, the provider is asked for its present columns. If the tag is theirs, the result
 * is stored. If it is not (the columns have changed again, or the writer sets no tag), the present types decide, each time. A value
 * written before the type became narrower was narrowed on the provider, too. A value written before the type became wider fits
 * wherever wider values fit.
 *
 * If ALTER TABLE makes a column narrower on the provider, it changes rows there without an event. So the provider's columns are
 * stored, too. A table whose new columns may not keep the values of the old columns is set aside, to be copied again.
 */
import { type ColumnType, retypedMisfit, valueMisfit } from '../value-fit.ts';
import type { Replay } from './replay-work.ts';

interface Unjudged {
  table: string;
  tags: (string | null)[];
  mark: string;
  types: ColumnType[];
  /** The provider's columns when they were last read. */
  known: ColumnType[] | null;
}

interface Present {
  table: string;
  tag: string;
  types: ColumnType[];
}

export async function judgeTypes({ provider, subscriber, queue }: Replay): Promise<void> {
  const unjudged = await subscriber.query<Unjudged>(
    'select table_name as "table", tags, mark, types, known from pgtide.unjudged_types($1)',
    [queue],
  );
  if (unjudged.length === 0) return;
  const present = await provider.query<Present>(
    `select n.name as "table", pgtide.shape_tag(t.oid) as tag, pgtide.column_types(t.oid) as types
       from unnest($1::text[]) n (name) cross join lateral londiste.find_table_oid(n.name) t (oid) where t.oid is not null`,
    [unjudged.map(({ table }) => table)],
  );
  const byTable = new Map(present.map((shape) => [shape.table, shape]));
  const judged = unjudged.flatMap(({ table, tags, mark, types, known }) => {
    const there = byTable.get(table);
    if (!there) return [];
    const misfit =
      valueMisfit(table, there.types, types) ?? retypedMisfit(table, known ?? [], there.types) ?? null;
    return [{ table, mark, misfit, types: there.types, tag: tags.includes(there.tag) ? there.tag : null }];
  });
  await subscriber.query('select pgtide.note_types($1, $2)', [queue, JSON.stringify(judged)]);
}
