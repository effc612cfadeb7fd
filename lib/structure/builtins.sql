-- The functions of PostgreSQL by name, with the fewest and the most arguments that they take, as in missing-calls.sql.
select jsonb_object_agg(name, jsonb_build_array(fewest, most)) as builtins
  from (select p.proname as name, min(p.pronargs - p.pronargdefaults) as fewest,
               max(case when p.provariadic <> 0 then 100 else p.pronargs end) as most
          from pg_proc p
         where p.oid < 16384 and p.pronamespace = 'pg_catalog'::regnamespace
         group by 1) f;
