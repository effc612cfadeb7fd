-- londiste.create_trigger(i_queue_name, i_table_name, i_trg_args, i_dest_table, i_node_type)
--
-- Puts the triggers of a replicated table on it: on root and branch the capture, or one of pgq's row triggers where the
-- arguments ask for it (see londiste._create_classic_trigger), on a leaf the guard against changes by anybody but replay.
--
-- Arguments: i_table_name - the global name; i_trg_args - as londiste.local_add_table; i_dest_table - the table's name here;
--            i_node_type - root, branch or leaf
-- Returns: ret_code, ret_note, trigger_name (of one of them): 200; 201 not created, as asked for; 404 no such table; also
--          400, 403 and 405 of londiste._create_classic_trigger
-- Writes: triggers on the table
-- Errors: as pgtide.create_capture
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
    v_name  text := londiste.make_fqname(i_table_name);
    v_dest  text := coalesce(londiste.make_fqname(i_dest_table), v_name);
    v_table oid := londiste.find_table_oid(v_dest);
begin
    if coalesce(i_trg_args, '{}') && '{no_triggers,virtual_table}' then
        ret_code := 201;
        ret_note := 'Trigger not created';
        return;
    elsif v_table is null then
        ret_code := 404;
        ret_note := 'Table does not exist: ' || coalesce(v_dest, 'null');
        return;
    end if;
    if i_node_type = 'leaf' then
        perform pgtide.create_deny(i_queue_name, v_table);
        select min(d::text) into trigger_name from pgtide.deny_triggers(i_queue_name, v_table) d;
    elsif londiste._classic_args(i_trg_args) <> '{}' then
        select c.ret_code, c.ret_note, c.trigger_name into ret_code, ret_note, trigger_name
          from londiste._create_classic_trigger(i_queue_name, v_name, v_table, londiste._classic_args(i_trg_args)) c;
        return;
    else
        perform pgtide.create_capture(i_queue_name, v_table, v_name);
        trigger_name := pgtide.trigger_name(i_queue_name, 'insert');
    end if;
    ret_code := 200;
    ret_note := 'Trigger created: ' || trigger_name;
end;
$$;
