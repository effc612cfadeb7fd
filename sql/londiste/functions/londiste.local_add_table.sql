-- londiste.local_add_table(i_queue_name, i_table_name, i_trg_args, i_table_attrs, i_dest_table), also without the last one,
-- two or three arguments
--
-- Makes a table follow the queue on this node. On the root its changes become events from the commit on; elsewhere it waits
-- to be copied.
--
-- Arguments: i_table_name - the global name; i_trg_args - any of expect_sync (holds the same rows already), skip_truncate (the
--            copy keeps what is there), no_triggers, merge_all, no_merge (see londiste._merge_sources), virtual_table (the table need
--            not exist; implies the first and third), pgtide (only pgtide's nodes follow it, which need no primary key and follow
--            partitioned tables), or arguments for one of pgq's row triggers (see londiste.create_trigger); i_table_attrs -
--            url-encoded; i_dest_table - the table's name here, when it is another
-- Returns: ret_code, ret_note: 200 added, or there already with the same arguments; 301 added, but it has no key, or
--          its row trigger is not the first; 400 the queue has no node here; 404 no such table, or it is not on the queue; 405
--          INHERITS, or a partition and its parent at once, or other queues have the table, too; 410 there already with other
--          arguments; also 400, 403 and 405 of londiste._follow_obstacle and londiste._create_classic_trigger
-- Writes: londiste.table_info, triggers on the table; on the root an event londiste.add-table; as londiste._merge_sources
-- Errors: TD001 arguments for trigger functions that do not exist here
create or replace function londiste.local_add_table(
    in i_queue_name text,
    in i_table_name text,
    in i_trg_args text[],
    in i_table_attrs text,
    in i_dest_table text,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    c_flags     constant text[] := '{no_triggers,skip_truncate,expect_sync,merge_all,no_merge,virtual_table,pgtide}';
    v_name      text := londiste.make_fqname(i_table_name);
    v_dest      text := nullif(londiste.make_fqname(i_dest_table), v_name);
    v_args      text[] := coalesce(i_trg_args, '{}');
    v_classic   text[] := londiste._classic_args(i_trg_args);
    v_virtual   boolean := 'virtual_table' = any (v_args);
    v_attrs     text := nullif(i_table_attrs, '');
    v_node      text := londiste._find_node(i_queue_name);
    v_table     oid := londiste.find_table_oid(coalesce(v_dest, v_name));
    v_known     record;
    v_state     text;
    v_note      text;
    v_merged    record;
    v_trigger   record;
begin
    if not v_args <@ (c_flags || v_classic) then
        raise exception 'not supported yet: trigger arguments %',
            (select string_agg(quote_literal(a), ', ') from unnest(v_args) a where a <> all (c_flags || v_classic))
            using errcode = 'TD001',
            hint = 'Supported: ' || array_to_string(c_flags, ', ') || ', tgflags=, skip, and the arguments of pgq.logutriga.';
    end if;
    if v_node is null then
        ret_code := 400;
        ret_note := 'No such set: ' || coalesce(i_queue_name, 'null');
        return;
    elsif v_table is null and not v_virtual then
        ret_code := 404;
        ret_note := 'Table does not exist: ' || coalesce(v_dest, v_name, 'null');
        return;
    end if;

    v_attrs := nullif(concat_ws('&', v_attrs,
        case when 'skip_truncate' = any (v_args) and coalesce(v_attrs, '') !~ '(^|&)skip_truncate=' then 'skip_truncate=1' end,
        case when 'no_triggers' = any (v_args) and coalesce(v_attrs, '') !~ '(^|&)no_triggers=' then 'no_triggers=1' end), '');
    select t.local, t.table_attrs, t.dest_table into v_known
      from londiste.table_info t where t.queue_name = i_queue_name and t.table_name = v_name for update;
    if not found and v_node <> 'root' then
        ret_code := 404;
        ret_note := 'Table not available on queue: ' || v_name;
        return;
    elsif v_known.local then
        if v_attrs is not distinct from v_known.table_attrs and v_dest is not distinct from v_known.dest_table then
            ret_code := 200;
            ret_note := 'Table already added: ' || v_name;
        else
            ret_code := 410;
            ret_note := 'Table ' || v_name || ' already added, but with different args: ' || coalesce(v_known.table_attrs, '');
        end if;
        return;
    end if;
    if not v_virtual then
        v_note := londiste._table_obstacle(i_queue_name, v_table);
        if v_note is not null then
            ret_code := 405;
            ret_note := v_note;
            return;
        end if;
    end if;
    v_state := case when v_node = 'root' or v_virtual or 'expect_sync' = any (v_args) or londiste._is_fed_by_branch(i_queue_name)
                    then 'ok' end;
    if v_node = 'leaf' then
        select m.ret_code, m.ret_note into v_merged
          from londiste._merge_sources(i_queue_name, v_name, coalesce(v_dest, v_name), v_args, v_attrs, v_state) m;
        if v_merged.ret_code >= 400 then
            ret_code := v_merged.ret_code;
            ret_note := v_merged.ret_note;
            return;
        end if;
    end if;
    if not v_virtual then
        select c.ret_code, c.ret_note into v_trigger
          from londiste.create_trigger(i_queue_name, v_name, v_args, coalesce(v_dest, v_name), v_node) c;
        if v_trigger.ret_code >= 400 then
            ret_code := v_trigger.ret_code;
            ret_note := v_trigger.ret_note;
            return;
        end if;
    end if;

    if v_node = 'root' then
        perform londiste.global_add_table(i_queue_name, v_name);
        perform londiste.root_notify_change(i_queue_name, 'londiste.add-table', v_name);
    end if;
    update londiste.table_info t
       set local = true, merge_state = v_state, custom_snapshot = null, dropped_ddl = null,
           table_attrs = v_attrs, dest_table = v_dest
     where t.queue_name = i_queue_name and t.table_name = v_name;

    ret_code := 200;
    ret_note := case when v_virtual then 'Table added with no triggers: ' else 'Table added: ' end || v_name;
    if not v_virtual then
        if v_trigger.ret_code = 201 then
            ret_note := 'Table added with no triggers: ' || v_name;
        elsif v_trigger.ret_code = 301 then
            ret_code := 301;
            ret_note := ret_note || ': ' || v_trigger.ret_note;
        end if;
        if 'pgtide' = any (v_args) and pgtide.table_key(v_table) = '{}' then
            ret_code := 301;
            ret_note := ret_note || ': it has no key, so updates and deletes are matched by the whole old row';
        end if;
    end if;
end;
$$;

create or replace function londiste.local_add_table(
    in i_queue_name text, in i_table_name text, in i_trg_args text[], in i_table_attrs text, out ret_code int4, out ret_note text
) returns record
language sql set search_path = pg_catalog, pg_temp as $$
    select a.ret_code, a.ret_note
      from londiste.local_add_table(i_queue_name, i_table_name, i_trg_args, i_table_attrs, null) a;
$$;

create or replace function londiste.local_add_table(
    in i_queue_name text, in i_table_name text, in i_trg_args text[], out ret_code int4, out ret_note text
) returns record
language sql set search_path = pg_catalog, pg_temp as $$
    select a.ret_code, a.ret_note
      from londiste.local_add_table(i_queue_name, i_table_name, i_trg_args, null, null) a;
$$;

create or replace function londiste.local_add_table(
    in i_queue_name text, in i_table_name text, out ret_code int4, out ret_note text
) returns record
language sql set search_path = pg_catalog, pg_temp as $$
    select a.ret_code, a.ret_note
      from londiste.local_add_table(i_queue_name, i_table_name, null, null, null) a;
$$;
