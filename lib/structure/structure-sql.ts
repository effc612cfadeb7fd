/**
 * Queries for the structure of tables, for PostgreSQL 10 to 18. Columns that older catalogs lack are read through to_jsonb, which returns
 * null on those servers. The queries run with search_path = pg_catalog, so that the server qualifies every name that it writes.
 */
import { sqlText } from '../db/sql-text.ts';
import { sequenceUses } from './sequence-uses.ts';

/** $1: names (`schema.table`); $2: with partitions, parents first. */
export const relationsSql = sqlText('structure/relations.sql');

/** $1: oids of relations. The type is resolved through domains to the stored type. */
export const columnsSql = sqlText('structure/columns.sql');

/** $1: oids of relations. Best key first, as pgtide.table_key chooses. */
export const indexesSql = sqlText('structure/indexes.sql');

/** $1: oids of relations. Checks and foreign keys. */
export const constraintsSql = sqlText('structure/constraints.sql');

/** $1: oids of relations. */
export const sequencesSql = `
with recursive ${sequenceUses('$1::oid[]')}
select distinct on (u.relation, s.oid) u.relation as table, n.nspname::text as schema, s.relname::text as name,
       a.attname::text as column, u.identity, u.owned, format_type(q.seqtypid, null) as type,
       q.seqstart::text as start, q.seqincrement::text as increment, q.seqmin::text as min, q.seqmax::text as max,
       q.seqcache::text as cache, q.seqcycle as cycle, obj_description(s.oid, 'pg_class') as comment
  from used u
  join pg_class s on s.oid = u.sequence and s.relkind = 'S'
  join pg_namespace n on n.oid = s.relnamespace
  join pg_sequence q on q.seqrelid = s.oid
  join pg_attribute a on a.attrelid = u.relation and a.attnum = u.attnum
 order by u.relation, s.oid, u.owned desc`;
