-- pgq.get_batch_cursor(i_batch_id, i_cursor_name, i_quick_limit, i_extra_where),
-- pgq.get_batch_cursor(i_batch_id, i_cursor_name, i_quick_limit)
--
-- Opens a cursor over a batch's events and returns the first of them. The caller fetches the others and closes the
-- cursor, within the same transaction. Runs with the caller's rights: i_extra_where is SQL.
--
-- Arguments: i_quick_limit - how many events are returned at once, none where it is not positive; i_extra_where - a condition
--            on the event's columns, or null
-- Returns: setof event; none when no event fits. Where another argument is null: none, and no cursor is opened
-- Writes: nothing
-- Errors: TD002 batch not found
create or replace function pgq.get_batch_cursor(
    in i_batch_id bigint,
    in i_cursor_name text,
    in i_quick_limit int4,
    in i_extra_where text,
    out ev_id bigint,
    out ev_time timestamptz,
    out ev_txid bigint,
    out ev_retry int4,
    out ev_type text,
    out ev_data text,
    out ev_extra1 text,
    out ev_extra2 text,
    out ev_extra3 text,
    out ev_extra4 text
) returns setof record
language plpgsql as $$
declare
    v_cursor    text := pg_catalog.quote_ident(i_cursor_name);
    v_sql       text;
begin
    if i_batch_id is null or i_cursor_name is null or i_quick_limit is null then
        return;
    end if;
    v_sql := pgq.batch_event_sql(i_batch_id);
    if i_extra_where is not null then
        v_sql := 'select * from (' || v_sql || ') ev where (' || i_extra_where || e'\n) order by 1';
    end if;
    execute 'declare ' || v_cursor || ' no scroll cursor for ' || v_sql;
    if i_quick_limit > 0 then
        return query execute 'fetch ' || i_quick_limit || ' from ' || v_cursor;
    end if;
end;
$$;

create or replace function pgq.get_batch_cursor(
    in i_batch_id bigint,
    in i_cursor_name text,
    in i_quick_limit int4,
    out ev_id bigint,
    out ev_time timestamptz,
    out ev_txid bigint,
    out ev_retry int4,
    out ev_type text,
    out ev_data text,
    out ev_extra1 text,
    out ev_extra2 text,
    out ev_extra3 text,
    out ev_extra4 text
) returns setof record
language plpgsql strict as $$
begin
    return query select * from pgq.get_batch_cursor(i_batch_id, i_cursor_name, i_quick_limit, null);
end;
$$;
