-- londiste.create_trigger(i_queue_name, i_table_name, i_trg_args, i_dest_table, i_node_type)
--
-- Puts the triggers of a replicated table on it, in place of others of the queue: on root and branch the capture, or one of pgq's
-- row triggers; on a leaf the guard against changes by anybody but replay.
--
-- Each reader of events must be able to read the form (pgtide.event_form). Where nothing is asked for it is url, which all of
-- Londiste's handlers read; with the argument pgtide it is json. Row triggers, by default logutriga, which also writes url,
-- are put on
--     a table for which the arguments ask for them (see londiste._create_classic_trigger);
--     a partition that is added alone: a statement on the table above it fires none of its statement triggers;
--     a table that has another name here: only their arguments can rename;
--     any table where pgq is the real extension, whose triggers are in C, unless the argument is pgtide.
--
-- Arguments: i_table_name - the global name; i_trg_args - as londiste.local_add_table; i_dest_table - the table's name here;
--            i_node_type - root, branch or leaf
-- Returns: ret_code, ret_note, trigger_name (of one of them): 200; 201 not created, as asked for; 404 no such table; also
--          400, 403 and 405 of londiste._create_classic_trigger and londiste._follow_obstacle
-- Writes: triggers on the table, pgtide.url_form
-- Errors: as pgtide.create_capture; TD001 arguments that neither londiste.local_add_table nor pgq's triggers know
create or replace function londiste.create_trigger(
    in i_queue_name text,
    in i_table_name text,
    in i_trg_args text[],
    in i_dest_table text,
    in i_node_type text,
    out ret_code int4,
    out ret_note text,
    out trigger_name text
) returns record
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    c_flags constant text[] := '{no_triggers,skip_truncate,expect_sync,merge_all,no_merge,virtual_table,pgtide}';
    v_name  text := londiste.make_fqname(i_table_name);
    v_dest  text := coalesce(londiste.make_fqname(i_dest_table), v_name);
    v_table oid := londiste.find_table_oid(v_dest);
    v_alone boolean;
    v_form  text := case when 'pgtide' = any (i_trg_args) then 'json' else 'url' end;
begin
    if not coalesce(i_trg_args, '{}') <@ (c_flags || londiste._classic_args(i_trg_args)) then
        raise exception 'bad param to pgq trigger' using errcode = 'TD001',
            detail = 'arguments: ' || array_to_string(i_trg_args, ', ', 'null');
    elsif 'virtual_table' = any (i_trg_args) then
        ret_code := 201;
        ret_note := 'Trigger not created';
        return;
    elsif v_table is null then
        ret_code := 404;
        ret_note := 'Table does not exist: ' || coalesce(v_dest, 'null');
        return;
    end if;
    select o.ret_code, o.ret_note into ret_code, ret_note from londiste._follow_obstacle(v_dest, v_table, i_trg_args) o;
    if ret_code >= 400 then
        return;
    elsif 'no_triggers' = any (i_trg_args) then
        ret_code := 201;
        ret_note := 'Trigger not created';
        return;
    end if;

    select c.relispartition into v_alone from pg_class c where c.oid = v_table;
    if i_node_type = 'leaf' then
        perform pgtide.create_deny(i_queue_name, v_table);
        select min(g.trigger_name::text) into trigger_name from pgtide.deny_triggers(i_queue_name, v_table) g;
    elsif londiste._classic_args(i_trg_args) <> '{}'
        or v_dest <> v_name
        or v_alone
        or v_form = 'url' and to_regprocedure('pgq._url_encode(text)') is null
    then
        select c.ret_code, c.ret_note, c.trigger_name into ret_code, ret_note, trigger_name
          from londiste._create_classic_trigger(i_queue_name, v_name, v_table, londiste._classic_args(i_trg_args)) c;
        if ret_code < 400 then
            perform pgtide.drop_capture(i_queue_name, v_table);
        end if;
        return;
    else
        perform londiste._drop_row_triggers(i_queue_name, v_table, '{}');
        perform pgtide.create_capture(i_queue_name, v_table, v_name, v_form);
        select g.trigger_name into trigger_name
          from pgq.queue q, pgtide.capture_triggers(q.queue_id, v_table) g
         where q.queue_name = i_queue_name and g.suffix = 'insert' limit 1;
    end if;
    ret_code := 200;
    ret_note := 'Trigger created: ' || trigger_name;
end;
$$;
