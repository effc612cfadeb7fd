-- pgtide._capture_row_function(i_queue_id, i_root, i_name)
--
-- The CREATE FUNCTION statement of the capture of writes in replica mode; see pgtide._capture_replica.
--
-- Arguments: i_queue_id - pgq.queue.queue_id; i_root - the replicated table; i_name - the function's name in schema pgtide
-- Returns: text
-- Writes: nothing; the function that it makes writes the queue's current event table
-- Errors: P0002 no such queue. The function that it makes: TD002 the queue is gone; 40001 in REPEATABLE READ and SERIALIZABLE,
--         the table or the queue has changed since the snapshot
--
-- It works as the function of pgtide._capture_function does, for one row: static statements as long as the table has the shape
-- that they were made for, with the event table compared in the same statement; otherwise, and for a changed key, statements that
-- are built at run time.
--
-- PUBLIC may call it in a trigger (pgtide._capture_replica): so it checks whether the trigger's table is the replicated one, or
-- is now below it.
create or replace function pgtide._capture_row_function(i_queue_id int, i_root oid, i_name name)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_queue pgq.queue;
    v_form text;
    v_pins text;
    v_known text;
    v_match text := pgtide.key_match(i_root, 'old', 'new');
    v_branches text := '';
    v_event_table text;
    v_here text;
    v_partitioned bool := (select c.relkind = 'p' from pg_class c where c.oid = i_root);
begin
    select * into strict v_queue from pgq.queue where queue_id = i_queue_id;
    v_form := pgtide.event_form(v_queue.queue_name, pgtide.table_name(i_root));
    select string_agg(format(' set %s = %L', s.name, s.value), '') into v_pins from pgtide._pinned_settings() s
    where v_form = 'url' or exists (select from pgtide._capture_columns(i_root) c where not c.settles);
    select format('pgtide.capture_known_route(%L, %L, %L, %s%s)', i_root, i_root, pgtide.capture_shape(i_root, i_root), i_queue_id,
                  string_agg(format(', %L', to_regclass(format('%s_%s', v_queue.queue_data_pfx, nr))::oid), '' order by nr))
    into v_known from generate_series(0, v_queue.queue_ntables - 1) nr;
    for v_nr in 0 .. v_queue.queue_ntables - 1 loop
        v_event_table := format('%s_%s', v_queue.queue_data_pfx, v_nr);
        v_here := format(' where exists (select from pgq.queue q where q.queue_id = %s and q.queue_cur_table = %s)', i_queue_id, v_nr);
        v_branches := v_branches || format('        %s %s = %s then
            if tg_op = ''INSERT'' then
                with pgtide_new as (select new.*) %s;
            elsif tg_op = ''DELETE'' then
                with pgtide_old as (select old.*) %s;
', case v_nr when 0 then 'if' else 'elsif' end, v_known, v_nr,
            pgtide.capture_statement(i_root, i_root, v_event_table, 'INSERT', v_form) || v_here,
            pgtide.capture_statement(i_root, i_root, v_event_table, 'DELETE', v_form) || v_here)
            || case when v_match is null then '' else format('            elsif %s then
                with pgtide_new as (select new.*) %s;
', v_match, pgtide.capture_statement(i_root, i_root, v_event_table, 'UPDATE', v_form) || v_here) end || '            end if;
';
    end loop;

    return format('create or replace function pgtide.%I() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp%s as %L', i_name, coalesce(v_pins, ''), format($body$
#variable_conflict use_column
-- Written by %1$s %2$s
begin
    if current_setting('session_replication_role') <> 'replica' or tg_when <> 'AFTER' or tg_level <> 'ROW' then
        return null;
    end if;
    if current_setting('transaction_isolation') = 'read committed' and %3$s then
%4$s        end if;
        if found then
            return null;
        end if;
    end if;
    declare
        v_root oid := pgtide.capture_root(tg_relid, %5$s, %6$s, %7$L, %8$L);
        v_form text := pgtide.event_form(%9$L, pgtide.table_name(v_root));
        v_event_table text;
        v_pins text[];
        v_unpinned text[];
        v_moved bool := false;
    begin
        if v_root is null then
            return null;
        end if;
        if current_setting('transaction_isolation') <> 'read committed' then
            perform pgtide.refuse_old_table(tg_relid, v_root);
            perform from pgq.queue q where q.queue_id = %5$s and currtid2('pgq.queue', q.ctid) <> q.ctid for share;
        end if;
        select format('%%s_%%s', queue_data_pfx, queue_cur_table) into v_event_table from pgq.queue where queue_id = %5$s;
        if not found then
            raise exception 'Event queue not found' using errcode = 'TD002';
        end if;
        v_pins := pgtide.pin_settings(null);
        if tg_op = 'UPDATE' and pgtide.table_key(v_root) <> '{}' then
            execute 'select (' || pgtide.key_match(v_root, 'o', 'n') || ') is not true from (select ($1).*) o, (select ($2).*) n' into v_moved using old, new;
        end if;
        if tg_op = 'DELETE' or v_moved then
            execute 'with pgtide_old as (select ($1).*) ' || pgtide.capture_statement(tg_relid, v_root, v_event_table, 'DELETE', v_form) using old;
        end if;
        if tg_op = 'INSERT' or v_moved then
            execute 'with pgtide_new as (select ($1).*) ' || pgtide.capture_statement(tg_relid, v_root, v_event_table, 'INSERT', v_form) using new;
        elsif tg_op = 'UPDATE' then
            execute 'with pgtide_old as (select ($1).*), pgtide_new as (select ($2).*) '
                || pgtide.capture_statement(tg_relid, v_root, v_event_table, 'UPDATE', v_form) using old, new;
        end if;
        v_unpinned := pgtide.pin_settings(v_pins);
        return null;
    end;
end;
$body$, pgtide._capture_version(), pgtide._capture_made_for(i_queue_id, i_root, i_root),
        format(case when v_partitioned then 'pgtide.is_under(tg_relid, %s)' else 'tg_relid = %s' end, i_root),
        v_branches, i_queue_id, i_root, pgtide.table_name(i_root), v_partitioned, v_queue.queue_name));
end;
$$;
