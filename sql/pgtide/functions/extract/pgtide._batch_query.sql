-- pgtide._batch_query(i_batch, i_parts, i_sizes [, i_largest])
--
-- On the provider: the query that reads an open batch, or some of its tables, in no order.
--
-- Arguments: i_parts - the rows of pgq._batch_parts to read, as a JSON array, each with a name; null if pgq is the real extension, which has no row tables;
--            i_sizes - true: only ev_id, size, classic, name and inserted: about how many bytes the event has, whether one of PgQ's own
--            triggers wrote it, the name that i_parts has for the row table that holds it, and whether it is an inserted row there, null
--            for others; false: the columns of pgq.get_batch_events. The settings of pgtide._pinned_settings must hold then;
--            i_largest - rows of row tables with more bytes have null as ev_data
-- Returns: text
-- Writes: nothing
-- Errors: TD002 no such batch
create or replace function pgtide._batch_query(i_batch bigint, i_parts jsonb, i_sizes bool, i_largest bigint default null)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    c_sizes constant text := 'select ev_id, coalesce(octet_length(ev_data), 0) + coalesce(octet_length(ev_extra2), 0) as size,
        ev_type not like ''{%%'' and ev_type ~ ''^[IUD](:|$)'' as classic, null::text as name, null::bool as inserted from %s';
    v_events text;
    v_owner text;
begin
    if i_parts is null then
        -- The batch's own query sorts.
        v_events := '(' || regexp_replace(pgq.batch_event_sql(i_batch), ' order by 1$', '') || ') e';
        return case when i_sizes then format(c_sizes, v_events) else 'select * from ' || v_events end;
    end if;
    v_owner := format(' and (ev_owner is null or ev_owner = %s)', (select s.sub_id from pgq.subscription s where s.sub_batch = i_batch));
    return (
        select string_agg(case
            when p.events is null and i_sizes then format(c_sizes || ' where %s%s', p.source, p.condition, v_owner)
            when p.events is null then format('select ev_id, ev_time, ev_txid, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4'
                                              ' from %s where %s%s', p.source, p.condition, v_owner)
            when i_sizes then format('select e.ev_id, %s as size, false as classic, %L as name, e.ev_op = ''I'' as inserted from %s e where %s', p.size, p.name, p.source, p.condition)
            when i_largest is null then format('select %s from %s e where %s', p.events, p.source, p.condition)
            else format('select %s from %s e where %s and %s <= %s union all select %s from %2$s e where %3$s and %4$s > %5$s',
                        p.events, p.source, p.condition, p.size, i_largest, p.heads) end, ' union all ')
        from jsonb_to_recordset(i_parts) as p (source text, condition text, events text, heads text, size text, name text));
end;
$$;
