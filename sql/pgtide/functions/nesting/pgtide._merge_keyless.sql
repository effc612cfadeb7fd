-- pgtide._merge_keyless(i_event_parent, i_event_table, i_name, i_after)
--
-- Replaces the events of this transaction on a table without a key by what they come to: for each row, as many inserts or deletes as one
-- kind outnumbers the other. Deletes are written first. For pgtide.merge_nested.
--
-- Arguments: i_event_parent, i_event_table - the queue's event table, and the one of its children that is written to now
--            i_name - the table's name in events; i_after - only events after this ev_id
-- Returns: nothing
-- Writes: the queue's event tables
create or replace function pgtide._merge_keyless(i_event_parent text, i_event_table text, i_name text, i_after bigint)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    execute format($sql$
        with gone as (
            delete from %1$s where ev_txid = txid_current() and ev_id > $1 and ev_extra1 = $2 and ev_type like '{%%' returning *
        ), net as (
            select v.row, sum(v.sign) as copies, min(g.ev_type) as ev_type, min(g.ev_extra4) as tag
            from gone g
            cross join lateral (values
                (case when ev_type not like '{"op":"DELETE"%%' then ev_data end, 1),
                (case when ev_type like '{"op":"DELETE"%%' then ev_data else ev_extra2 end, -1)) v (row, sign)
            where v.row is not null
            group by v.row
        ), written as (
            insert into %2$s (ev_time, ev_type, ev_data, ev_extra1, ev_extra4)
            select now(), regexp_replace(n.ev_type, '"op":"[A-Z]+"', '"op":"' || case when n.copies < 0 then 'DELETE' else 'INSERT' end || '"'),
                   n.row, $2, n.tag
            from net n, generate_series(1, abs(n.copies))
            order by n.copies
        )
        select count(*) from gone$sql$, i_event_parent, i_event_table)
    using i_after, i_name;
end;
$$;
