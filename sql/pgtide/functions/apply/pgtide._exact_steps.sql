-- pgtide._exact_steps(i_nrs) returns table (nr, ev_id, op)
--
-- The events of some tables of pgtide_work in the order of the queue.
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
