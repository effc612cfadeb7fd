-- pgtide.create_deny(i_queue, i_table) returns int
--
-- Guards a replicated table of a leaf: changes by anybody but replay fail, since the next event would not fit them.
-- Replay is known by replica mode, or by the setting pgtide.applying where the role may not use that. A user who means it
-- can say so: set session_replication_role = 'local', or set pgtide.applying = 'on'.
-- Returns the number of triggers created (one per table and partition), 0 when all were there.
create or replace function pgtide.create_deny(i_queue text, i_table oid)
returns int language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_relation oid;
    v_created int := 0;
begin
    for v_relation in select * from pgtide.table_tree(i_table) loop
        if not exists (select from pgtide.deny_triggers(i_queue, v_relation) g where g.whole) then
            execute format('create trigger %I before insert or update or delete or truncate on %s for each statement
                            execute procedure pgtide.deny(%L, %L)',
                pgtide.free_trigger_name(v_relation, pgtide.trigger_name(i_queue, 'deny')), v_relation::regclass, i_queue, pgtide.table_name(v_relation));
            v_created := v_created + 1;
        end if;
    end loop;
    return v_created;
end;
$$;
