-- pgtide._base_type(i_type)
--
-- The type below all domains.
--
-- Returns: oid, i_type itself if it is not a domain; null if there is no such type
-- Writes: nothing
create or replace function pgtide._base_type(i_type oid)
returns oid language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select case when t.typtype <> 'd' then i_type else (
            with recursive base as (
                select t.typbasetype as oid, 0 as depth
                union all
                select d.typbasetype, b.depth + 1 from base b join pg_type d on d.oid = b.oid where d.typtype = 'd'
            )
            select oid from base order by depth desc limit 1) end
        from pg_type t where t.oid = i_type);
end;
$$;
