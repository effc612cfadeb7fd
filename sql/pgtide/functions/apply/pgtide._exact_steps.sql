-- pgtide._exact_steps(i_nrs)
--
-- On the subscriber: lists the events of tables of pgtide_work in the order of the queue.
--
-- Arguments: i_nrs - numbers in pgtide_work, at least one
-- Returns: nr, ev_id, op; no rows when the tables have no typed rows
-- Writes: nothing; it creates an index on each table's pgtide_rows_<nr>
create or replace function pgtide._exact_steps(i_nrs int[])
returns table (nr int, ev_id bigint, op text) language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    for nr in select unnest(i_nrs) loop
        execute format('create index if not exists pgtide_rows_%1$s_ev_id on pg_temp.pgtide_rows_%1$s (ev_id)', nr);
    end loop;
    return query execute (
        select string_agg(format('select %1$s, ev_id, op::text from pg_temp.pgtide_rows_%1$s', n), ' union all ') || ' order by 2'
        from unnest(i_nrs) n);
end;
$$;
