/**
 * Judges, before a row is written, whether the subscriber's columns keep the values of the staged events: see lib/value-fit.ts.
 *
 * What an event's values were written with, its tag stands for: a mark of the names and types of the columns. A tag that has been
 * judged is remembered on the subscriber together with a mark of its own columns, so that this costs one look into the catalog a
 * slice, whatever it holds. Of another tag the provider is asked for its present columns. When the tag is theirs, what comes out is
 * remembered. When it is not (the shape is gone again, or the writer leaves no tag), the present types decide, each time: a value
 * written before the type became narrower was narrowed on the provider, too; one written before it became wider fits where wider
 * ones do.
 *
 * ALTER TABLE on the provider that makes a column narrower changes rows there, and no event says so. So its columns are remembered, too, and
 * a table whose new columns need not keep what the old ones held is set aside, to be copied again.
 */
import { type ColumnType, retypedMisfit, valueMisfit } from '../value-fit.ts';
import type { Replay } from './replay-work.ts';

interface Unjudged {
  table: string;
  tags: (string | null)[];
  mark: string;
  types: ColumnType[];
  /** The provider's columns, as they were last. */
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
