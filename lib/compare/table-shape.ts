import type { Client, Row } from '../db/client.ts';
import { sqlText } from '../db/sql-text.ts';
import { PgtideError } from '../errors.ts';
import type { Reader } from '../node/table-reader.ts';

/** A type as the catalog describes it, with the types that it consists of. */
export interface TypeShape {
  readonly schema: string;
  readonly name: string;
  /** Its output function, as SQL under the pinned search path. */
  readonly output: string;
  readonly kind: 'base' | 'enum' | 'domain' | 'array' | 'composite' | 'range' | 'other';
  /** A domain's base, an array's element, a range's subtype. */
  readonly of?: TypeShape;
  /** A domain's type modifier; -1 if it has none. */
  readonly typmod: number;
  readonly fields: readonly { name: string; type: TypeShape }[];
}

export interface ColumnShape {
  readonly name: string;
  readonly type: TypeShape;
  readonly typmod: number;
  readonly notNull: boolean;
}

/** The properties of one table on one server that a comparison needs. */
export interface TableShape {
  readonly schema: string;
  readonly name: string;
  readonly reader: Reader;
  readonly partitioned: boolean;
  readonly columns: readonly ColumnShape[];
  /** The columns of the primary key, or of a unique NOT NULL index; empty if there is neither. */
  readonly key: readonly string[];
  readonly rowsEstimate: number;
}

interface ColumnRow extends Row {
  name: string;
  type: bigint;
  typmod: number;
  not_null: boolean;
}

interface TypeRow {
  oid: bigint;
  schema: string;
  name: string;
  output: string;
  kind: TypeShape['kind'];
  of: bigint | null;
  typmod: number;
  fields: { name: string; type: string }[] | null;
}

/** Partitions count as part of their parent. A table that was never analysed is estimated at 100 bytes a row. */
const tableSql = `
  with recursive tree(oid) as (
    select $1::int8::oid
    union all
    select i.inhrelid from tree t join pg_catalog.pg_class p on p.oid = t.oid and p.relkind = 'p'
      join pg_catalog.pg_inherits i on i.inhparent = t.oid)
  select c.oid::int8 as oid, n.nspname as schema, c.relname as name, c.relkind = 'p' as partitioned,
         (select sum(case when l.reltuples > 0 then l.reltuples::float8
                          else pg_catalog.pg_relation_size(l.oid) / 100.0 end)
            from tree join pg_catalog.pg_class l on l.oid = tree.oid)::float8 as rows_estimate
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.oid = $1::int8::oid and c.relkind in ('r', 'p')`;

const columnsSql = `
  select a.attname as name, a.atttypid::int8 as type, a.atttypmod as typmod,
         a.attnotnull as not_null
    from pg_catalog.pg_attribute a
   where a.attrelid = $1::int8::oid and a.attnum > 0 and not a.attisdropped order by a.attnum`;

const keySql = `
  select array(select a.attname::text from unnest(i.indkey::int2[]) with ordinality k(attnum, nr)
                 join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
                order by k.nr) as key
    from pg_catalog.pg_index i
   where i.indrelid = $1::int8::oid and i.indisunique and i.indimmediate and i.indisvalid
     and i.indpred is null and i.indexprs is null
     and not exists (select 1 from unnest(i.indkey::int2[]) k(attnum) join pg_catalog.pg_attribute a
                       on a.attrelid = i.indrelid and a.attnum = k.attnum where not a.attnotnull)
   order by i.indisprimary desc, i.indnatts, i.indexrelid limit 1`;

/** Every type that a table's columns consist of. 'd' is checked first: on old servers, a domain keeps the element type of its base. */
const typesSql = sqlText('compare/types.sql');

function shapeOf(oid: bigint, rows: Map<bigint, TypeRow>): TypeShape {
  const row = rows.get(oid);
  if (!row) throw new PgtideError('internal', `type ${oid} is not in the catalog`);
  return {
    schema: row.schema,
    name: row.name,
    output: row.output,
    kind: row.kind,
    typmod: row.typmod,
    ...(row.of === null ? {} : { of: shapeOf(row.of, rows) }),
    fields: (row.fields ?? []).map(({ name, type }) => ({ name, type: shapeOf(BigInt(type), rows) })),
  };
}

/** Reads a table's shape, in a transaction with pinned settings; fails with `not-found` if the table no longer exists. */
export async function describeTable(client: Client, reader: Reader): Promise<TableShape> {
  const table = await client.first<{
    oid: bigint;
    schema: string;
    name: string;
    partitioned: boolean;
    rows_estimate: number | null;
  }>(tableSql, [reader.oid]);
  if (!table) throw new PgtideError('not-found', `${client.node}: there is no table ${reader.name}`);
  const columns = await client.query<ColumnRow>(columnsSql, [table.oid]);
  const types = await client.query<TypeRow>(typesSql, [table.oid]);
  const key = await client.first<{ key: string[] }>(keySql, [table.oid]);
  const byOid = new Map(types.map((row) => [row.oid, row]));
  return {
    schema: table.schema,
    name: table.name,
    reader,
    partitioned: table.partitioned,
    columns: columns.map(({ name, type, typmod, not_null }) => ({
      name,
      typmod,
      type: shapeOf(type, byOid),
      notNull: not_null,
    })),
    key: key?.key ?? [],
    rowsEstimate: Math.round(table.rows_estimate ?? 0),
  };
}
