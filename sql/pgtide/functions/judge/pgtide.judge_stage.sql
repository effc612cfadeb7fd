-- pgtide.judge_stage(i_queue)
--
-- On the subscriber: decides whether each staged row event is applied, skipped or parked. Afterwards pgtide_stage holds the
-- events to be applied, and control events.
--
-- Returns: skipped, parked, unparked, the numbers of events; 0 when every table is in step
-- Writes: pgtide.parked_event, pgtide.table_state; londiste.table_info; temporary tables pgtide_stage, pgtide_chunks,
--         pgtide_kinds; it creates pgtide_unsettled; also as pgtide.reset_copy
-- Errors: TD013 a table whose rows have arrived as rows is not in step any more: another session has changed its state
--
-- The rules, and why no event is lost or applied twice, are in lib/copy/merge-state.ts. In short, depending on the event's
-- table, chunk and transaction:
--   table not here, leaving, set aside, not planned  skipped
--   seen by the table's custom_snapshot              skipped: when the table was added, its rows were said to hold the change
--                                                    (add-table --expect-sync)
--   table in copy, chunk pending                     skipped: the chunk's snapshot will be taken later, and so contains it
--   table in copy, chunk announced                   parked
--   table in copy, chunk copied                      kept if its transaction is not visible in the chunk's snapshot; parked
--                                                    events join
--   table in copy, and truncated                     skipped, as all of the table's events in the slice; the copy starts over
--   table being restored                             parked
--   table restored                                   kept, parked events join; the table is ok from here on
--
-- Parked events come before those of the slice by ev_id: per key, the order of ev_id is the order of the row's versions.
create or replace function pgtide.judge_stage(i_queue text, out skipped bigint, out parked bigint, out unparked bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_table record;
    v_count bigint;
begin
    skipped := 0; parked := 0; unparked := 0;

    for v_table in
        select t.table_name from londiste.table_info t join pgtide.table_state s using (queue_name, table_name)
        where t.queue_name = i_queue and s.phase = 'restored'
    loop
        update pgtide.table_state set phase = 'ok' where queue_name = i_queue and table_name = v_table.table_name;
        perform londiste.local_set_table_state(i_queue, v_table.table_name, null, 'ok');
    end loop;

    -- The events of tables that are in step are not touched: the stage is read again only for the others.
    create temp table pgtide_unsettled on commit drop as
    select k.table_name, x.phase, k.seen,
           not coalesce(t.local, false) or x.error is not null
               or coalesce(x.phase, case when t.merge_state = 'ok' then 'ok' end) is null
               or m.change = 'leaving'
               -- Planned after this transaction read the chunks: every snapshot of that copy is later still, so the chunk
               -- was pending.
               or x.phase in ('copying', 'catching-up')
                  and not exists (select from pg_temp.pgtide_chunks c where c.table_name = k.table_name) as ignored
    from (select k.table_name, max(case when k.first_txid < txid_snapshot_xmax(t.custom_snapshot::txid_snapshot)
                                   then t.custom_snapshot end)::txid_snapshot as seen
          from pg_temp.pgtide_kinds k
          left join londiste.table_info t on t.queue_name = i_queue and t.table_name = k.table_name
          where k.table_name is not null group by k.table_name) k
    left join londiste.table_info t on t.queue_name = i_queue and t.table_name = k.table_name
    left join pgtide.table_state x on x.queue_name = i_queue and x.table_name = k.table_name
    left join pgtide.member_change m on m.queue_name = i_queue and m.table_name = k.table_name
    where m.change = 'leaving' or not coalesce(t.local, false) or x.error is not null or k.seen is not null
       or coalesce(x.phase, t.merge_state, '') <> 'ok';
    if exists (select from pg_temp.pgtide_unsettled u join pg_temp.pgtide_typed c on c.table_name = u.table_name) then
        raise exception 'a table is not in step any more' using errcode = 'TD013';
    end if;

    delete from pg_temp.pgtide_stage s using pg_temp.pgtide_unsettled u
    where s.ev_extra1 = u.table_name and s.ev_type like '{%'
      and (u.ignored or txid_visible_in_snapshot(s.ev_txid, u.seen));
    get diagnostics v_count = row_count;
    skipped := skipped + v_count;
    delete from pg_temp.pgtide_unsettled where ignored;

    for v_table in
        select distinct u.table_name
        from pg_temp.pgtide_unsettled u
        join pg_temp.pgtide_stage s on s.ev_extra1 = u.table_name and s.ev_type like '{"op":"TRUNCATE"%'
        where exists (select from pg_temp.pgtide_kinds where op = 'T') and u.phase in ('copying', 'catching-up')
    loop
        perform pgtide.reset_copy(i_queue, v_table.table_name);
        delete from pg_temp.pgtide_stage where ev_extra1 = v_table.table_name and ev_type like '{%';
        get diagnostics v_count = row_count;
        skipped := skipped + v_count;
        delete from pg_temp.pgtide_chunks where table_name = v_table.table_name;
    end loop;

    with moved as (
        delete from pg_temp.pgtide_stage s
        using pg_temp.pgtide_unsettled x
        where x.table_name = s.ev_extra1 and s.ev_type like '{%'
          and (x.phase = 'restoring' or exists (
              select from pg_temp.pgtide_chunks c
              where c.table_name = s.ev_extra1 and c.chunk_no = s.chunk_no and c.state = 'announced'))
        returning s.*, x.phase
    )
    insert into pgtide.parked_event (queue_name, table_name, chunk_no, ev_id, ev_txid, ev_time, ev_type, ev_data,
        ev_extra1, ev_extra2, ev_extra3, ev_extra4)
    select i_queue, ev_extra1, case when phase <> 'restoring' then chunk_no end, ev_id, ev_txid, ev_time, ev_type, ev_data,
        ev_extra1, ev_extra2, ev_extra3, ev_extra4
    from moved;
    get diagnostics parked = row_count;

    delete from pg_temp.pgtide_stage s using pg_temp.pgtide_chunks c
    where c.table_name = s.ev_extra1 and s.ev_type like '{%' and c.chunk_no = s.chunk_no
      and (c.state = 'pending' or c.state = 'copied' and txid_visible_in_snapshot(s.ev_txid, c.snapshot));
    get diagnostics v_count = row_count;
    skipped := skipped + v_count;

    with released as (
        delete from pgtide.parked_event p
        where p.queue_name = i_queue and (
            exists (select from pg_temp.pgtide_chunks c
                    where c.table_name = p.table_name and c.chunk_no = p.chunk_no and c.state = 'copied')
            or exists (select from pgtide.table_state x
                       where x.queue_name = p.queue_name and x.table_name = p.table_name and x.phase = 'ok'))
        returning p.*
    )
    insert into pg_temp.pgtide_stage (ev_id, ev_txid, ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4, chunk_no)
    select r.ev_id, r.ev_txid, r.ev_time, r.ev_type, r.ev_data, r.ev_extra1, r.ev_extra2, r.ev_extra3, r.ev_extra4, r.chunk_no
    from released r
    left join pg_temp.pgtide_chunks c on c.table_name = r.table_name and c.chunk_no = r.chunk_no
    where c.snapshot is null or not txid_visible_in_snapshot(r.ev_txid, c.snapshot);
    get diagnostics unparked = row_count;
    if unparked > 0 and exists (
            select from pg_temp.pgtide_stage s join pg_temp.pgtide_typed t on t.table_name = s.ev_extra1 where s.ev_type like '{%') then
        raise exception 'a table whose rows arrived as rows has parked events' using errcode = 'TD013';
    end if;
    if skipped + parked + unparked > 0 then
        perform pgtide.measure_stage();
    end if;
end;
$$;
