/** Queries for the settings of tables beside their structure, for PostgreSQL 10 to 18; see lib/structure/structure-sql.ts. */

/** A storage parameter as pg_get_indexdef writes it. */
const written = `quote_ident(o.option_name) || '=' ||
  case when quote_ident(o.option_value) = o.option_value then o.option_value else quote_literal(o.option_value) end`;

const optionsOf = (options: string, prefix = '') => `
  select jsonb_build_object('name', '${prefix}' || o.option_name, 'value', o.option_value, 'written', ${written}) as option
    from pg_options_to_table(${options}) o`;

const statistics = `nullif(coalesce((to_jsonb(a)->>'attstattarget')::int, -1), -1)`;
const compression = `case to_jsonb(a)->>'attcompression' when 'l' then 'lz4' when 'p' then 'pglz' end`;

/** $1: oids of relations. */
export const settingsSql = `
select c.oid as table, pg_get_userbyid(c.relowner)::text as owner,
       (select coalesce(jsonb_agg(option), '[]') from (
          ${optionsOf('c.reloptions')}
          union all
          select o.option from pg_class t cross join lateral (${optionsOf('t.reloptions', 'toast.')}) o where t.oid = c.reltoastrelid
        ) all_options) as options,
       c.relreplident::text as "replicaIdentity",
       (select x.relname::text from pg_index i join pg_class x on x.oid = i.indexrelid where i.indrelid = c.oid and i.indisreplident)
         as "identityIndex",
       (select x.relname::text from pg_index i join pg_class x on x.oid = i.indexrelid where i.indrelid = c.oid and i.indisclustered)
         as "clusterIndex",
       case when c.reloftype <> 0 then format_type(c.reloftype, null) end as "ofType", c.reloftype as "ofTypeOid",
       (select s.spcname::text from pg_tablespace s where s.oid = c.reltablespace) as tablespace,
       (select m.amname::text from pg_am m where m.oid = c.relam and m.amname <> 'heap') as "accessMethod",
       (select coalesce(jsonb_agg(jsonb_build_object(
                 'name', a.attname, 'statistics', ${statistics}, 'compression', ${compression},
                 'storage', case when a.attstorage <> t.typstorage then
                   case a.attstorage when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main' else 'extended' end end,
                 'options', (select coalesce(jsonb_agg(option), '[]') from (${optionsOf('a.attoptions')}) o)) order by a.attnum), '[]')
          from pg_attribute a join pg_type t on t.oid = a.atttypid
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
           and (${statistics} is not null or a.attstorage <> t.typstorage or ${compression} is not null or a.attoptions is not null))
         as columns,
       (select coalesce(jsonb_agg(jsonb_build_object(
                 'name', x.relname, 'tablespace', s.spcname,
                 'options', (select coalesce(jsonb_agg(option), '[]') from (${optionsOf('x.reloptions')}) o),
                 'statistics', (select coalesce(jsonb_agg(jsonb_build_object('nr', a.attnum, 'target', ${statistics}) order by a.attnum), '[]')
                                  from pg_attribute a where a.attrelid = x.oid and ${statistics} is not null)) order by x.relname), '[]')
          from pg_index i join pg_class x on x.oid = i.indexrelid left join pg_tablespace s on s.oid = x.reltablespace
         where i.indrelid = c.oid) as indexes
  from pg_class c
 where c.oid = any ($1::oid[])
 order by c.oid`;

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
