-- londiste.local_change_handler(i_queue_name, i_table_name, i_trg_args, i_table_attrs)
--
-- Gives a table that this node uses other trigger arguments and attributes. Triggers that the arguments do not ask for any more go, in
-- the same transaction, so that each change is an event once.
--
-- Arguments: i_trg_args, i_table_attrs - as londiste.local_add_table; they take the place of those of before
-- Returns: ret_code, ret_note: 200; 301 changed, but the row trigger is not the first; 400 the queue has no node here; 404 the queue
--          has no such table that this node uses, or the table is gone; also 400, 403 and 405 of londiste._create_classic_trigger
-- Writes: londiste.table_info, triggers on the table
create or replace function londiste.local_change_handler(
    in i_queue_name text,
    in i_table_name text,
    in i_trg_args text[],
    in i_table_attrs text,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_name      text := londiste.make_fqname(i_table_name);
    v_node      text := londiste._find_node(i_queue_name);
    v_known     record;
    v_table     oid;
    v_said      text;
    v_trigger   record;
    v_attrs     text;
begin
    if v_node is null then
        ret_code := 400;
        ret_note := 'No such set: ' || coalesce(i_queue_name, 'null');
        return;
    end if;
    select coalesce(t.dest_table, v_name) as dest into v_known
      from londiste.table_info t where t.queue_name = i_queue_name and t.table_name = v_name and t.local for update;
    if not found then
        ret_code := 404;
        ret_note := 'no such local table: ' || coalesce(v_name, 'null');
        return;
    end if;
    v_table := londiste.find_table_oid(v_known.dest);
    -- Dropping a trigger needs this lock in the end. Taken first, it is not waited for while a weaker one is held.
    if v_table is not null then
        execute format('lock table %s in access exclusive mode', v_table::regclass);
    end if;
    v_said := v_name || case when v_known.dest <> v_name then '(' || v_known.dest || ')' else '' end;

    select c.ret_code, c.ret_note, c.trigger_name::name as name into v_trigger
      from londiste.create_trigger(i_queue_name, v_name, i_trg_args, v_known.dest, v_node) c;
    if v_trigger.ret_code >= 400 then
        ret_code := v_trigger.ret_code;
        ret_note := 'Trigger creation failed for table ' || v_said || ': ' || v_trigger.ret_note;
        return;
    end if;
    if v_trigger.ret_code = 201 then
        perform londiste.drop_table_triggers(i_queue_name, v_name);
    elsif v_node = 'leaf' then
        perform londiste._drop_row_triggers(i_queue_name, v_table, '{}');
    else
        perform londiste._drop_row_triggers(i_queue_name, v_table,
            array[v_trigger.name, ('_londiste_' || i_queue_name || '_truncate')::name]);
    end if;

    -- get_table_list shows no_triggers among the attributes, and a caller may pass it back.
    v_attrs := (select string_agg(a.attr, '&' order by a.nr)
                  from unnest(string_to_array(i_table_attrs, '&')) with ordinality a(attr, nr)
                 where a.attr <> '' and a.attr <> 'no_triggers=1');
    update londiste.table_info t
       set table_attrs = nullif(concat_ws('&', v_attrs, case v_trigger.ret_code when 201 then 'no_triggers=1' end), '')
     where t.queue_name = i_queue_name and t.table_name = v_name;
    ret_code := 200;
    ret_note := 'Handler changed for table: ' || v_said;
    if v_trigger.ret_code = 201 then
        ret_note := 'Table handler updated with no triggers: ' || v_said;
    elsif v_trigger.ret_code = 301 then
        ret_code := 301;
        ret_note := ret_note || ': ' || v_trigger.ret_note;
    end if;
end;
$$;
