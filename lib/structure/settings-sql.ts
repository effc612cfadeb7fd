/** Queries for the settings of tables beside their structure, for PostgreSQL 10 to 18; see lib/structure/structure-sql.ts. */
import { sqlText } from '../db/sql-text.ts';

/** $1: oids of relations. */
export const settingsSql = sqlText('structure/settings.sql');

/**
 * $1: oids of relations. Before version 13, extended statistics have no target. The query does not use to_jsonb, because that would read
 * columns that not every role may read.
 */
export const extendedStatisticsSql = (version: number) => `
select s.stxrelid as table, n.nspname::text as schema, s.stxname::text as name, pg_get_statisticsobjdef(s.oid) as definition,
       ${version >= 13 ? 'nullif(coalesce(s.stxstattarget, -1), -1)' : 'null::int'} as target,
       obj_description(s.oid, 'pg_statistic_ext') as comment
  from pg_statistic_ext s join pg_namespace n on n.oid = s.stxnamespace
 where s.stxrelid = any ($1::oid[])
 order by s.stxrelid, n.nspname, s.stxname`;

export const schemasSql = `
select n.nspname::text as name, obj_description(n.oid, 'pg_namespace') as comment,
       exists (select from aclexplode(n.nspacl) l where l.grantee <> n.nspowner) as granted
  from pg_namespace n
 where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

/** Sequences on which roles other than the owner have rights, as `schema.name`. */
export const grantedSequencesSql = `
select n.nspname || '.' || s.relname as name
  from pg_class s join pg_namespace n on n.oid = s.relnamespace
 where s.relkind = 'S' and s.relacl is not null and exists (select from aclexplode(s.relacl) l where l.grantee <> s.relowner)`;
