-- pgtide.slice_query(i_batch, i_after, i_max_events, i_max_bytes, i_copies) returns text
--
-- On the provider: the SELECT that extracts a batch, or a slice of it, for COPY.
--   i_batch       an open batch
--   i_after       leave out events up to this ev_id (0: none)
--   i_max_events, i_max_bytes  where the slice ends; it holds at least one event
--   i_copies      tables in copy: [{"table": name, "key": [column…], "bounds": [[text…]…]}…], bounds in the key's order
-- Columns of the query: those of pgtide_stage (see pgtide.begin_replay). chunk_no is the chunk that the event's key falls
-- into. The provider computes it, and it alone, because collations differ between servers. width_bucket searches the bounds by
-- halves.
create or replace function pgtide.slice_query(i_batch bigint, i_after bigint, i_max_events bigint, i_max_bytes bigint, i_copies jsonb)
returns text language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_copy record;
    v_chunks text := '';
begin
    for v_copy in
        select c.name, londiste.find_table_oid(c.name) as oid, c.key, c.bounds
        from jsonb_to_recordset(i_copies) as c (name text, key jsonb, bounds jsonb)
    loop
        v_chunks := v_chunks || format(' when ev_extra1 = %L then %s', v_copy.name, coalesce((
            select format(case when jsonb_array_length(v_copy.key) = 1 then 'width_bucket(%s, array[%s])'
                               else 'width_bucket(row(%s), array[%s])' end,
                string_agg(pgtide.key_value(v_copy.oid, k.name, format('ev_data::json->>%L', k.name)), ', ' order by k.nr),
                (select string_agg(b.bound, ', ' order by b.position) from (
                    select e.position, format(case when jsonb_array_length(v_copy.key) = 1 then '%s' else 'row(%s)' end,
                        string_agg(pgtide.key_value(v_copy.oid, v.name, quote_literal(v.value)), ', ' order by v.nr)) as bound
                    from jsonb_array_elements(v_copy.bounds) with ordinality e (bound, position)
                    cross join lateral (
                        select n.name, e.bound->>(n.nr - 1)::int as value, n.nr
                        from jsonb_array_elements_text(v_copy.key) with ordinality n (name, nr)) v
                    group by e.position) b))
            from jsonb_array_elements_text(v_copy.key) with ordinality k (name, nr)
            where v_copy.oid is not null and jsonb_array_length(v_copy.bounds) > 0
            having count(*) > 0), '0'));
    end loop;
    return format(
        'select ev_id, ev_txid, ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4, %s, bytes from ('
        'select e.*, octet_length(ev_data) as own, sum(octet_length(ev_data)) over (order by ev_id rows unbounded preceding) as bytes '
        'from (%s) e where ev_id > %s order by ev_id limit %s) s where bytes - own < %s or bytes is null order by ev_id',
        case when v_chunks = '' then 'null::int'
             else 'case when ev_type not like ''{"op":%'' or ev_type like ''{"op":"TRUNCATE"%'' then null' || v_chunks || ' end' end,
        pgq.batch_event_sql(i_batch), i_after, i_max_events, i_max_bytes);
end;
$$;
