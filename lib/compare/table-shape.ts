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

const tableSql = sqlText('compare/table.sql');

const columnsSql = `
  select a.attname as name, a.atttypid::int8 as type, a.atttypmod as typmod,
         a.attnotnull as not_null
    from pg_catalog.pg_attribute a
   where a.attrelid = $1::int8::oid and a.attnum > 0 and not a.attisdropped order by a.attnum`;

const keySql = sqlText('compare/key.sql');

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
