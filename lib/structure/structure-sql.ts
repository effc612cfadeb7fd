/**
 * Queries for the structure of tables, for PostgreSQL 10 to 18. Columns that older catalogs lack are read through to_jsonb, which returns
 * null on those servers. The queries run with search_path = pg_catalog, so that the server qualifies every name that it writes.
 */
import { sqlText } from '../db/sql-text.ts';

/** $1: names (`schema.table`); $2: with partitions, parents first. */
export const relationsSql = sqlText('structure/relations.sql');

/** $1: oids of relations. The type is resolved through domains to the stored type. */
export const columnsSql = sqlText('structure/columns.sql');

/** $1: oids of relations. Best key first, as pgtide.table_key chooses. */
export const indexesSql = sqlText('structure/indexes.sql');

/** $1: oids of relations. Checks and foreign keys. */
export const constraintsSql = sqlText('structure/constraints.sql');
