-- pgtide.refresh_capture(i_queue) returns setof text
--
-- Brings the capture functions of a queue's tables up to date with the shapes of the tables (after ALTER TABLE, a new
-- partition, a restore from a dump), so that their statements are static again. Returns the names of the tables changed.
-- A table whose own trigger is gone is left as it is, and told by pgtide.capture_problems: it was made anew, or somebody dropped the
-- trigger, and what was not captured meanwhile is not mended by capturing again.
-- One at a time: whoever finds another at it leaves it to that one and returns nothing (two that replace one function would fail).
-- Takes no lock on a table unless a trigger is missing on a partition.
create or replace function pgtide.refresh_capture(i_queue text)
returns setof text language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_table record;
    v_relation oid;
    v_source text;
    v_changed bool;
begin
    if not pg_try_advisory_xact_lock(hashtext('pgtide.refresh_capture'), hashtext(i_queue)) then
        return;
    end if;
    for v_table in
        select t.root, t.name, q.queue_id, i_queue as queue_name from pgtide.captured_tables(i_queue) t, pgq.queue q where q.queue_name = i_queue
    loop
        v_changed := false;
        for v_relation in select * from pgtide.table_tree(v_table.root) loop
            v_source := pgtide.capture_function(v_table.queue_id, v_relation, v_table.root);
            -- The definition ends in the body as a literal; compare with what is installed.
            if not exists (
                select from pg_proc p
                where p.proname = format('capture_%s_%s', v_table.queue_id, v_relation)
                  and p.pronamespace = 'pgtide'::regnamespace
                  and right(v_source, length(quote_literal(p.prosrc))) = quote_literal(p.prosrc))
            then
                if exists (select from pg_trigger g where g.tgrelid = v_relation
                           and g.tgname = pgtide.trigger_name(i_queue, 'insert'))
                then
                    execute v_source;
                elsif v_relation = v_table.root then
                    continue;
                else
                    perform pgtide.create_capture(i_queue, v_table.root, v_table.name);
                end if;
                v_changed := true;
            end if;
        end loop;
        if v_changed then
            return next v_table.name;
        end if;
    end loop;
end;
$$;
