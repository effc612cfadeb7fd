-- Settings of tables beside their structure.
-- $1: oids of relations.
-- In psql: \bind '{16384}'
select c.oid as table, pg_get_userbyid(c.relowner)::text as owner,
       (select coalesce(jsonb_agg(jsonb_build_object('name', r.prefix || o.option_name, 'value', o.option_value)), '[]')
          from (select '' as prefix, c.reloptions as options
                union all
                select 'toast.', t.reloptions from pg_class t where t.oid = c.reltoastrelid) r
         cross join lateral pg_options_to_table(r.options) o) as options,
       c.relreplident::text as "replicaIdentity",
       (select x.relname::text from pg_index i join pg_class x on x.oid = i.indexrelid where i.indrelid = c.oid and i.indisreplident)
         as "identityIndex",
       (select x.relname::text from pg_index i join pg_class x on x.oid = i.indexrelid where i.indrelid = c.oid and i.indisclustered)
         as "clusterIndex",
       case when c.reloftype <> 0 then format_type(c.reloftype, null) end as "ofType", c.reloftype as "ofTypeOid",
       (select s.spcname::text from pg_tablespace s where s.oid = c.reltablespace) as tablespace,
       (select m.amname::text from pg_am m where m.oid = c.relam and m.amname <> 'heap') as "accessMethod",
       (select coalesce(jsonb_agg(jsonb_build_object(
                 'name', a.attname, 'statistics', nullif(a.attstattarget, -1), 'compression', p.compression,
                 'storage', case when a.attstorage <> t.typstorage then
                   case a.attstorage when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main' else 'extended' end end,
                 'options', (select coalesce(jsonb_agg(jsonb_build_object('name', o.option_name, 'value', o.option_value)), '[]')
                               from pg_options_to_table(a.attoptions) o)) order by a.attnum), '[]')
          from pg_attribute a
          join pg_type t on t.oid = a.atttypid
         cross join lateral (
           select case to_jsonb(a)->>'attcompression' when 'l' then 'lz4' when 'p' then 'pglz' end as compression) p
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
           and (nullif(a.attstattarget, -1) is not null or a.attstorage <> t.typstorage or p.compression is not null
                or a.attoptions is not null)) as columns,
       (select coalesce(jsonb_agg(jsonb_build_object(
                 'name', x.relname, 'tablespace', s.spcname,
                 -- `written` is a parameter as pg_get_indexdef writes it.
                 'options', (select coalesce(jsonb_agg(jsonb_build_object(
                                      'name', o.option_name, 'value', o.option_value,
                                      'written', quote_ident(o.option_name) || '=' ||
                                                 case quote_ident(o.option_value) when o.option_value then o.option_value
                                                      else quote_literal(o.option_value) end)), '[]')
                               from pg_options_to_table(x.reloptions) o),
                 'statistics', (select coalesce(jsonb_agg(jsonb_build_object('nr', a.attnum, 'target', a.attstattarget)
                                                          order by a.attnum), '[]')
                                  from pg_attribute a where a.attrelid = x.oid and nullif(a.attstattarget, -1) is not null))
                 order by x.relname), '[]')
          from pg_index i
          join pg_class x on x.oid = i.indexrelid
          left join pg_tablespace s on s.oid = x.reltablespace
         where i.indrelid = c.oid) as indexes
  from pg_class c
 where c.oid = any ($1::oid[])
 order by c.oid;
