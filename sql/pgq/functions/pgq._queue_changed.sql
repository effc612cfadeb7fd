-- pgq._queue_changed() returns trigger
--
-- Trigger on pgq.queue, for when inserts are disabled or enabled, or the current event table is changed without a rotation. It invalidates
-- the plans of all sessions that name the queue's event tables: captures read both from their plans (pgtide.known_event_table). A
-- rotation invalidates them by its truncation.
-- A GRANT that changes nothing is enough: it updates the table's row in pg_class, and takes no lock on the table.
--
-- Returns: null
-- Writes: nothing else
create or replace function pgq._queue_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_grant text;
begin
    -- The tables' name is in pgq.queue, which is not trusted; see pgq_node._event_table.
    for v_grant in
        select format('grant select on %s to %s', c.oid::regclass, c.relowner::regrole)
          from pg_inherits i
          join pg_inherits t on t.inhrelid = i.inhparent and t.inhparent = 'pgq.event_template'::regclass
          join pg_class c on c.oid = i.inhrelid
          join pg_namespace n on n.oid = c.relnamespace
         where n.nspname || '.' || c.relname in (old.queue_data_pfx || '_0', new.queue_data_pfx || '_0')
           and pg_has_role(c.relowner, 'USAGE')
    loop
        execute v_grant;
    end loop;
    return null;
end;
$$;
