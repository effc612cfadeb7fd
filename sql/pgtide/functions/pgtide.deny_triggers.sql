-- pgtide.deny_triggers(i_queue, i_relation) returns setof name
--
-- The names of the triggers with which pgtide.create_deny guards a table for a queue.
create or replace function pgtide.deny_triggers(i_queue text, i_relation oid)
returns setof name language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select g.tgname from pg_trigger g
    where g.tgrelid = i_relation and g.tgfoid = 'pgtide.deny()'::regprocedure
      and position(convert_to(i_queue, getdatabaseencoding()) || '\x00' in g.tgargs) = 1;
$$;
