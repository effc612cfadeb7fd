-- pgtide._drop_uncalled_captures(i_queue_id [, i_functions])
--
-- Drops capture functions of a queue that no trigger calls any more, if this role may act for their owner.
--
-- Arguments: i_functions - only these; null: all of the queue, also those of tables and partitions that were dropped. To look at
--            all takes a time that grows with the number of captured tables; maintenance does it
-- Returns: int, the number of functions dropped
-- Writes: functions capture_* in schema pgtide
create or replace function pgtide._drop_uncalled_captures(i_queue_id int, i_functions oid[] default null)
returns int language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_signature regprocedure;
    v_dropped int := 0;
begin
    for v_signature in
        select p.oid
        from pg_proc p
        where p.pronamespace = 'pgtide'::regnamespace and p.proname similar to format('capture\_(rows\_)?%s\_%%', i_queue_id)
          and (i_functions is null or p.oid = any (i_functions))
          and pg_has_role(p.proowner, 'USAGE')
          and not exists (select from pgtide._calling_tables(p.oid))
    loop
        execute format('drop function %s', v_signature);
        v_dropped := v_dropped + 1;
    end loop;
    return v_dropped;
end;
$$;
