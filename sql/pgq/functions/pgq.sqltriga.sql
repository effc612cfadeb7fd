-- pgq.sqltriga()
--
-- Trigger that puts changes into a queue as an SQL statement in parts:
--     create trigger .. after insert or update or delete on .. for each row execute procedure pgq.sqltriga('queue', ..);
--     create trigger .. after truncate on .. for each statement execute procedure pgq.sqltriga('queue');
--
-- ev_type I, U, D, or R for TRUNCATE. ev_data: '(a,b) values (..)'; 'b=.. where a=..' of the changed columns; 'a=..'; ''.
-- ev_extra1: schema.table. ev_extra2: with backup, the old row of an UPDATE, url-encoded.
--
-- Arguments: queue; then any of
--            SKIP - the change itself does not happen (BEFORE); ignore=a,b - columns that do not count; pkey=a,b - the key;
--            backup - see ev_extra2; deny - refuses every change; when=EXPR - no event unless true;
--            ev_type= .. ev_extra4=EXPR - another value for the field. Columns _pgq_ev_type .. _pgq_ev_extra4 also give one.
-- Returns: trigger
-- Writes: the queue's current event table
-- Errors: as pgq._trigger_event and pgq.insert_event
--
-- Runs with the rights of whoever changes the table, as its expressions must; that role may call pgq.insert_event. Does nothing
-- while session_replication_role is 'local'.
create or replace function pgq.sqltriga() returns trigger
language plpgsql as $$
declare
    v_event record;
    v_old   text;
    v_new   text;
    v_rows  bigint;
    v_type  oid;
    v_value text;
begin
    if pg_catalog.current_setting('session_replication_role') = 'local' then
        if tg_level = 'STATEMENT' or tg_when = 'AFTER' then
            return null;
        elsif tg_op = 'DELETE' then
            return old;
        end if;
        return new;
    end if;
    if tg_level = 'ROW' then
        if tg_op <> 'INSERT' then
            v_old := old::text;
        end if;
        if tg_op <> 'DELETE' then
            v_new := new::text;
        end if;
    end if;
    v_event := pgq._trigger_event('sql', tg_relid, array[tg_table_schema, tg_table_name]::text[], tg_op, tg_when, tg_level,
        tg_argv, v_old, v_new, null, null);

    for i in 1 .. coalesce(pg_catalog.cardinality(v_event.queries), 0) loop
        if v_event.queries[i] is not null and v_event.fields is not null then
            if tg_op = 'DELETE' then
                execute v_event.queries[i] into v_rows, v_type, v_value using old;
            else
                execute v_event.queries[i] into v_rows, v_type, v_value using new;
            end if;
            v_event.fields := pgq._override_field(v_event.fields, i, v_rows, v_type, v_value);
        end if;
    end loop;
    if v_event.fields is not null then
        perform pgq.insert_event(v_event.queue, v_event.fields[1], v_event.fields[2], v_event.fields[3], v_event.fields[4],
            v_event.fields[5], v_event.fields[6]);
    end if;

    if tg_level = 'STATEMENT' or tg_when = 'AFTER' or v_event.skip then
        return null;
    elsif tg_op = 'DELETE' then
        return old;
    end if;
    return new;
end;
$$;
