-- The functions of PostgreSQL that parts of tables call: defaults and generated columns by column, checks and indexes by name.
-- Each function comes with the fewest and the most arguments that it takes.
-- $1: oids of relations.
-- In psql: \bind '{16384}'
with part(relation, part, name, expression) as (
  select d.adrelid, 'default', a.attname::text, d.adbin::text
    from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
   where d.adrelid = any ($1::oid[])
  union all
  select k.conrelid, 'check', k.conname::text, k.conbin::text from pg_constraint k where k.conrelid = any ($1::oid[]) and k.contype = 'c'
  union all
  select i.indrelid, 'index', c.relname::text, concat(i.indexprs::text, i.indpred::text)
    from pg_index i join pg_class c on c.oid = i.indexrelid
   where i.indrelid = any ($1::oid[]) and (i.indexprs is not null or i.indpred is not null)
)
select relation as table, part, name,
       (select jsonb_agg(distinct jsonb_build_array(p.proname, p.pronargs - p.pronargdefaults,
                                                    case when p.provariadic <> 0 then 100 else p.pronargs end))
          from regexp_matches(expression, ':(funcid|opno) (\d+)', 'g') m
          join pg_proc p on p.oid = case m[1] when 'funcid' then m[2]::oid
                                              else (select o.oprcode::oid from pg_operator o where o.oid = m[2]::oid) end
         where p.oid < 16384 and p.pronamespace = 'pg_catalog'::regnamespace) as calls
  from part
 where expression ~ ':(funcid|opno) ';
