-- pgtide.create_capture(i_queue, i_table, i_global_name, i_form) returns int
--
-- Puts the capture on a table: a trigger function of its own, and statement-level triggers on the table and, when it is
-- partitioned, on each of its partitions (a statement fires the triggers of the table that it names, and no others).
-- Again on a table that has it: brings it up to date. Locks the table as CREATE TRIGGER does, and so waits for its writers.
--   i_queue        the queue that gets the events
--   i_table        the table
--   i_global_name  its name in the queue; must be schema.table of i_table
--   i_form         json or url (pgtide.event_form); NULL: the one that the table has
-- Returns the number of triggers created, 0 when all were there.
-- Errors: TD001 another name; TD002 no such queue; TD004 a partition is a foreign table
create or replace function pgtide.create_capture(i_queue text, i_table oid, i_global_name text, i_form text default null)
returns int language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_queue_id int;
    v_function name;
    v_name name;
    v_relation oid;
    v_trigger record;
    v_created int := 0;
begin
    select queue_id into v_queue_id from pgq.queue where queue_name = i_queue;
    if not found then
        raise exception 'No such event queue: %', i_queue using errcode = 'TD002';
    end if;
    if i_global_name is distinct from pgtide.table_name(i_table) then
        raise exception 'table % cannot be replicated under the name %', pgtide.table_name(i_table), i_global_name
            using errcode = 'TD001';
    end if;
    if pgtide.foreign_partitions(i_table) <> '{}' then
        raise exception 'table % has partitions that are foreign tables: %', pgtide.table_name(i_table),
                array_to_string(pgtide.foreign_partitions(i_table), ', ')
            using errcode = 'TD004',
                hint = 'Detach them, or replicate the other partitions one by one: writes that reach a foreign table cannot be captured.';
    end if;
    if i_form = 'json' then
        delete from pgtide.url_form f where f.queue_name = i_queue and f.table_name = i_global_name;
    elsif i_form = 'url' then
        insert into pgtide.url_form (queue_name, table_name) values (i_queue, i_global_name) on conflict do nothing;
    end if;
    for v_relation in select * from pgtide.table_tree(i_table) loop
        v_function := pgtide.capture_name(v_queue_id, v_relation);
        execute pgtide.capture_function(v_queue_id, v_relation, i_table, v_function);
        execute format('revoke all on function pgtide.%I() from public', v_function);
        for v_name in
            select g.trigger_name from pgtide.capture_triggers(v_queue_id, v_relation) g
            where g.suffix is null or g.function <> to_regproc(format('pgtide.%I', v_function))
        loop
            execute format('drop trigger %I on %s', v_name, v_relation::regclass);
        end loop;
        for v_trigger in
            select * from (values
                ('insert', 'after insert', 'referencing new table as pgtide_new'),
                ('update', 'after update', 'referencing old table as pgtide_old new table as pgtide_new'),
                ('delete', 'after delete', 'referencing old table as pgtide_old'),
                ('truncating', 'before truncate', ''),
                ('truncate', 'after truncate', '')) t (suffix, event, transition)
            where t.suffix not in (select g.suffix from pgtide.capture_triggers(v_queue_id, v_relation) g)
        loop
            execute format('create trigger %I %s on %s %s for each statement execute procedure pgtide.%I(%L)',
                pgtide.free_trigger_name(v_relation, pgtide.trigger_name(i_queue, v_trigger.suffix)), v_trigger.event, v_relation::regclass,
                v_trigger.transition, v_function, i_queue);
            v_created := v_created + 1;
        end loop;
    end loop;
    perform pgtide.let_look(i_queue, i_table);
    perform pgtide.guard_partitions(i_queue, i_table);
    perform pgtide.capture_replica(i_queue, i_table);
    return v_created;
end;
$$;
