-- pgq.batch_event_sql(x_batch_id)
--
-- The query that returns a batch's events, ordered by ev_id, with the columns of pgq.get_batch_events.
--
-- Returns: text
-- Writes: nothing
-- Errors: TD002 batch not found
create or replace function pgq.batch_event_sql(x_batch_id bigint) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
    v_owner text := format(' and (ev_owner is null or ev_owner = %s)',
                           (select s.sub_id from pgq.subscription s where s.sub_batch = x_batch_id));
begin
    return (
        select string_agg(format('select ev_id, ev_time, ev_txid, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4'
                                 ' from %s where %s%s', p.source, p.condition, v_owner), ' union all ') filter (where p.events is null)
               || case when count(p.events) > 0 then format(' union all select * from pgq._row_events(%s)', x_batch_id) else '' end
               || ' order by 1'
          from pgq._batch_parts(x_batch_id) p);
end;
$$;
