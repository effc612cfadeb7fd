-- londiste._drop_row_triggers(i_queue_name, i_table, i_keep)
--
-- Drops pgq's row triggers of a queue from a table, whoever made them.
--
-- Arguments: i_keep - names of triggers that stay
-- Returns: nothing
-- Writes: triggers on the table
create or replace function londiste._drop_row_triggers(i_queue_name text, i_table oid, i_keep name[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_trigger text;
begin
    for v_trigger in
        select t.tgname::text
          from pg_trigger t
          join pg_proc p on p.oid = t.tgfoid
          join pg_namespace n on n.oid = p.pronamespace
         where t.tgrelid = i_table and not t.tgisinternal and t.tgname <> all (i_keep)
           and (n.nspname, p.proname) in (('pgq', 'sqltriga'), ('pgq', 'logutriga'), ('pgq', 'jsontriga'),
                                          ('pgq', 'logtriga'), ('londiste', '_truncated'))
           and position(convert_to(i_queue_name, getdatabaseencoding()) || '\x00' in t.tgargs) = 1
    loop
        execute format('drop trigger %I on %s', v_trigger, i_table::regclass);
    end loop;
end;
$$;
