-- pgtide.base_type(i_type) returns oid
--
-- The type below all domains.
create or replace function pgtide.base_type(i_type oid)
returns oid language sql stable
set search_path = pg_catalog, pg_temp
as $$
    with recursive base as (
        select i_type as oid, 0 as depth
        union all
        select t.typbasetype, b.depth + 1 from base b join pg_type t on t.oid = b.oid where t.typtype = 'd'
    )
    select oid from base order by depth desc limit 1;
$$;
