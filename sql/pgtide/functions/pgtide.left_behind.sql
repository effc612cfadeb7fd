-- pgtide.left_behind(i_before) returns text
--
-- What code of others has left in the session that could act with the rights of this role; NULL: nothing.
--     settings, and the loss of temporary tables (DISCARD TEMP), against i_before (pgtide.session_state)
--     temporary tables, views, functions, types and operators of its own, which our statements might find
--     a cursor WITH HOLD, whose query would run at the commit
--     deferred triggers and exclusion constraints, which up to version 17 run as whoever commits. A table that such code has written to is
--     known by the lock on it. Foreign keys run as the tables' owners.
create or replace function pgtide.left_behind(i_before text)
returns text language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    c_replica constant bool := current_setting('session_replication_role') = 'replica';
    c_me constant oid := (select r.oid from pg_roles r where r.rolname = current_user);
    v_relation regclass;
begin
    if pgtide.session_state() <> i_before then
        return 'settings, or no temporary tables,';
    elsif exists (
            select from pg_class c where c.relnamespace = pg_my_temp_schema() and c.relowner <> c_me
            union all select from pg_proc p where p.pronamespace = pg_my_temp_schema()
            union all select from pg_operator q where q.oprnamespace = pg_my_temp_schema()
            union all select from pg_type t where t.typnamespace = pg_my_temp_schema() and t.typowner <> c_me) then
        return 'temporary objects';
    elsif exists (select from pg_cursors c where c.is_holdable) then
        return 'a cursor WITH HOLD';
    elsif current_setting('server_version_num')::int < 180000 then
        select l.relation into v_relation
        from pg_locks l
        where l.locktype = 'relation' and l.pid = pg_backend_pid() and l.mode = 'RowExclusiveLock' and l.relation >= 16384
          and (exists (select from pg_trigger g
                       where g.tgrelid = l.relation and not g.tgisinternal and g.tgdeferrable
                         and g.tgenabled in ('A', case when c_replica then 'R' else 'O' end))
               or exists (select from pg_constraint k where k.conrelid = l.relation and k.contype = 'x' and k.condeferrable))
        limit 1;
    end if;
    return 'a deferred trigger on ' || v_relation;
end;
$$;
