-- londiste._drop_row_triggers(i_queue_name, i_table)
--
-- Takes the triggers of pgq and Londiste that write into the queue off a table, whoever made them.
--
-- Returns: int4, how many
-- Writes: triggers on the table
create or replace function londiste._drop_row_triggers(i_queue_name text, i_table oid) returns int4
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_trigger   text;
    v_dropped   int4 := 0;
begin
    for v_trigger in
        select t.tgname::text
          from pg_trigger t
          join pg_proc p on p.oid = t.tgfoid
          join pg_namespace n on n.oid = p.pronamespace
         where t.tgrelid = i_table and not t.tgisinternal
           and (n.nspname, p.proname) in (('pgq', 'sqltriga'), ('pgq', 'logutriga'), ('pgq', 'jsontriga'),
                                          ('pgq', 'logtriga'), ('londiste', '_truncated'))
           and position(convert_to(i_queue_name, getdatabaseencoding()) || '\x00' in t.tgargs) = 1
    loop
        execute format('drop trigger %I on %s', v_trigger, i_table::regclass);
        v_dropped := v_dropped + 1;
    end loop;
    return v_dropped;
end;
$$;
