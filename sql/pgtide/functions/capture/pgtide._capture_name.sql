-- pgtide._capture_name(i_queue_id, i_table)
--
-- The name of a table's capture function, without its schema: the function that the table's triggers call, unless another table's
-- triggers call it too; otherwise a name of which no other table's triggers call a function.
--
-- Returns: name
-- Writes: nothing
--
-- The name contains an OID to be unique, but proves nothing: after a restore from a dump it may be that of another table.
create or replace function pgtide._capture_name(i_queue_id int, i_table oid)
returns name language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        with candidates as (
            -- Looked up by the index on names, so that the number of other tables does not matter.
            select p.oid, p.proname from pg_proc p
            where p.pronamespace = 'pgtide'::regnamespace and p.proname >= format('capture_%s_%s', i_queue_id, i_table)::name
              and p.proname < format('capture_%s_%s`', i_queue_id, i_table)::name
            union
            select g.function, p.proname
            from pgtide.capture_triggers(i_queue_id, i_table) g
            cross join lateral (select x.proname from pg_proc x where x.oid = g.function offset 0) p
        ), taken as (
            select c.proname, bool_or(g.relation = i_table) as by_this, bool_or(g.relation <> i_table) as by_another
            from candidates c
            cross join lateral pgtide._calling_tables(c.oid) g (relation)
            group by c.proname
        )
        select coalesce(
            (select proname from taken where by_this and not by_another order by proname limit 1),
            (select f.name
             from generate_series(0, (select count(*) from taken)) nr
             cross join lateral (select (format('capture_%s_%s', i_queue_id, i_table) || case nr when 0 then '' else '_' || nr end)::name as name) f
             where f.name not in (select proname from taken where by_another)
             order by nr limit 1)));
end;
$$;
