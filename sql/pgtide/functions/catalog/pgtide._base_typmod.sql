-- pgtide._base_typmod(i_type)
--
-- The modifier that a domain gives to the type below all domains; only the lowest domain can have one.
--
-- Returns: int; -1 if there is none, or i_type is not a domain
-- Writes: nothing
create or replace function pgtide._base_typmod(i_type oid)
returns int language sql stable
set search_path = pg_catalog, pg_temp
as $$
    with recursive base as (
        select t.typbasetype, t.typtypmod from pg_type t where t.oid = i_type and t.typtype = 'd'
        union all
        select d.typbasetype, d.typtypmod from base b join pg_type d on d.oid = b.typbasetype where d.typtype = 'd'
    )
    select coalesce(max(typtypmod), -1) from base;
$$;
