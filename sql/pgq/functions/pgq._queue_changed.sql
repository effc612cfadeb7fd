-- pgq._queue_changed() returns trigger
--
-- On pgq.queue, where events may be inserted no more, or again, or go into another table without a rotation: makes all sessions plan
-- anew what names the queue's event tables, for captures know both from their plans (pgtide.known_event_table). A rotation does so
-- itself, by its truncation.
-- A GRANT that changes nothing is enough: it writes the table's row in pg_class, and takes no lock on the table.
--
-- Returns: null
-- Writes: nothing else
create or replace function pgq._queue_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_grant text;
begin
    -- pgq.queue says the tables' name, which is not trusted; see pgq_node._event_table.
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
