-- pgtide.create_capture(i_queue, i_table, i_global_name [, i_form, i_only])
--
-- On the provider: puts the capture on a table: a trigger function for it, and statement-level triggers on the table and, if it
-- is partitioned, on each of its partitions (a statement fires the triggers of the table that it names, and no others). If the
-- table has the capture, it is brought up to date.
--
-- Arguments: i_queue - the queue that gets the events; i_global_name - the table's name in the queue; must be schema.table of
--            i_table; i_form - json or url (pgtide.event_form); null: the one that the table has; i_only - only this one of the
--            table's partitions, if it still is one
-- Returns: int, the number of triggers created; 0 when all existed
-- Writes: pgtide.url_form; as pgtide._create_row_table; functions capture_* in schema pgtide, and triggers on the table and its
--         partitions; without i_only also as pgtide.create_look_functions, pgtide.guard_partitions and pgtide._capture_replica
-- Errors: 40001 as pgtide._row_statements; TD001 another name; TD002 no such queue; TD004 a partition is a foreign table
--
-- It locks the relations that lack a trigger as CREATE TRIGGER does, and so waits for their writers. All functions are created
-- before the first lock is taken: their texts take far longer than the triggers.
--
-- A table with many partitions is captured one partition at a time, each in a separate transaction, so that no writer waits for
-- all; the last call, without i_only, does the rest.
create or replace function pgtide.create_capture(i_queue text, i_table oid, i_global_name text, i_form text default null,
    i_only oid default null)
returns int language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_queue_id int;
    v_rows text;
    v_shapes text[];
    v_reform bool := false;
    v_relations oid[];
    v_relation oid;
    v_functions name[];
    v_lacking int[];
    v_nr int;
    v_name name;
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
    if i_only is null and pgtide.foreign_partitions(i_table) <> '{}' then
        raise exception 'table % has partitions that are foreign tables: %', pgtide.table_name(i_table),
                array_to_string(pgtide.foreign_partitions(i_table), ', ')
            using errcode = 'TD004',
                hint = 'Detach them, or replicate the other partitions one by one: writes that reach a foreign table cannot be captured.';
    end if;
    if i_form = 'json' then
        delete from pgtide.url_form f where f.queue_name = i_queue and f.table_name = i_global_name;
        v_reform := found;
    elsif i_form = 'url' then
        insert into pgtide.url_form (queue_name, table_name) values (i_queue, i_global_name) on conflict do nothing;
        v_reform := found;
    end if;
    -- Two sessions at once would create the same functions.
    perform pg_advisory_xact_lock(hashtext('pgtide.create_capture'), hashtext(i_table::text));
    v_relations := array(select t from pgtide.table_tree(i_table) t where i_only is null or t = i_only);
    for i in 1 .. cardinality(v_relations) loop
        v_shapes[i] := pgtide.capture_shape(v_relations[i], i_table);
    end loop;
    v_rows := (select r.prefix from pgtide._create_row_table(v_queue_id, i_table) r);
    for i in 1 .. cardinality(v_relations) loop
        v_functions[i] := pgtide._capture_name(v_queue_id, v_relations[i]);
        if v_reform or not exists (
            select from pg_proc p
            where p.pronamespace = 'pgtide'::regnamespace and p.proname = v_functions[i]
              -- A function that no trigger calls may be dropped meanwhile (pgtide._drop_uncalled_captures), unless it is
              -- replaced here.
              and p.oid in (select g.function from pgtide.capture_triggers(v_queue_id, v_relations[i]) g)
              and position(pgtide._capture_version() || ' ' || pgtide._capture_made_for(v_queue_id, v_relations[i], i_table) in p.prosrc) > 0
              and position(quote_literal(v_shapes[i]) in p.prosrc) > 0
              and position(' rows ' || coalesce(v_rows, '-') || ' .' in p.prosrc) > 0)
        then
            execute pgtide._capture_function(v_queue_id, v_relations[i], i_table, v_functions[i], v_shapes[i], v_rows);
            execute format('revoke all on function pgtide.%I() from public', v_functions[i]);
        end if;
    end loop;
    if i_only is null then
        perform pgtide.create_look_functions(i_queue, i_table);
    end if;
    -- Looked up before the first lock, like the rest: very many partitions of a table may have their triggers already.
    v_lacking := array(
        select r.nr from unnest(v_relations, v_functions) with ordinality r (relation, function, nr)
        where (select count(distinct g.suffix) < 5 or bool_or(g.suffix is null or g.function <> to_regproc(format('pgtide.%I', r.function)))
               from pgtide.capture_triggers(v_queue_id, r.relation) g)
        order by r.nr);
    foreach v_nr in array v_lacking loop
        v_relation := v_relations[v_nr];
        for v_name in
            select g.trigger_name from pgtide.capture_triggers(v_queue_id, v_relation) g
            where g.suffix is null or g.function <> to_regproc(format('pgtide.%I', v_functions[v_nr]))
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
                pgtide._free_trigger_name(v_relation, pgtide._trigger_name(i_queue, v_trigger.suffix)), v_trigger.event, v_relation::regclass,
                v_trigger.transition, v_functions[v_nr], i_queue);
            v_created := v_created + 1;
        end loop;
    end loop;
    if i_only is null then
        perform pgtide.guard_partitions(i_queue, i_table);
        perform pgtide._capture_replica(i_queue, i_table);
    end if;
    return v_created;
end;
$$;
