-- londiste._copy_trigger(i_trigger, i_part)
--
-- Creates a table's trigger on another table, too, enabled as it is.
--
-- Returns: nothing
-- Writes: a trigger
-- Errors: TD003 the trigger is of pgtide's capture, whose function is for its own table alone
--
-- The definition names its table once, after " ON ". Before that it has keywords, the trigger's name and columns, whose quoted
-- names may hold anything; so they are stepped over by what they are.
create or replace function londiste._copy_trigger(i_trigger oid, i_part oid) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_trigger   record;
    v_sql       text := pg_get_triggerdef(i_trigger);
    v_before    int4;
    v_table     text;
begin
    select t.tgname, t.tgenabled, t.tgrelid::regclass::text as on_table, p.pronamespace::regnamespace::text as schema, p.proname,
           'CREATE ' || case when t.tgconstraint <> 0 then 'CONSTRAINT ' else '' end || 'TRIGGER ' || quote_ident(t.tgname) as head,
           (select ' OF ' || string_agg(quote_ident(a.attname), ', ' order by k.nr)
              from unnest(t.tgattr::int2[]) with ordinality k(attnum, nr)
              join pg_attribute a on a.attrelid = t.tgrelid and a.attnum = k.attnum) as columns
      into strict v_trigger
      from pg_trigger t join pg_proc p on p.oid = t.tgfoid where t.oid = i_trigger;
    if v_trigger.schema = 'pgtide' and v_trigger.proname like 'capture\_%' then
        raise exception 'table % is captured: its partitions would not be', v_trigger.on_table
            using errcode = 'TD003', detail = 'Tables with INHERITS are not supported on a queue.',
            hint = 'Take it out of the queue: londiste.local_remove_table.';
    end if;
    v_before := length(v_trigger.head);
    if v_trigger.columns is not null then
        v_before := v_before + strpos(substr(v_sql, v_before + 1), v_trigger.columns) + length(v_trigger.columns) - 1;
    end if;
    v_table := ' ON ' || v_trigger.on_table || ' ';
    v_before := v_before + strpos(substr(v_sql, v_before + 1), v_table) - 1;
    execute left(v_sql, v_before) || ' ON ' || i_part::regclass || ' ' || substr(v_sql, v_before + length(v_table) + 1);
    if v_trigger.tgenabled <> 'O' then
        execute format('alter table %s %s trigger %I', i_part::regclass,
            case v_trigger.tgenabled when 'D' then 'disable' when 'A' then 'enable always' else 'enable replica' end, v_trigger.tgname);
    end if;
end;
$$;
