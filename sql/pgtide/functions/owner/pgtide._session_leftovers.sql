-- pgtide._session_leftovers(i_before)
--
-- Finds things that code of other roles has left in the session, and that could act with the rights of this role.
--
-- Arguments: i_before - pgtide._session_state before that code ran
-- Returns: text, what it is, for an error message; null when there is nothing
-- Writes: nothing
--
-- It looks for
--   - changed settings and prepared statements
--   - temporary tables, views, functions, types and operators of other roles, which our statements might find
--   - a cursor WITH HOLD, whose query would run at the commit
--   - deferred triggers and exclusion constraints, which up to version 17 run as the role that commits. A table that such code
--     has written to is known by the lock on it. Foreign keys run as the tables' owners.
create or replace function pgtide._session_leftovers(i_before text)
returns text language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    c_replica constant bool := current_setting('session_replication_role') = 'replica';
    v_relation regclass;
begin
    if pgtide._session_state() <> i_before then
        return 'settings or prepared statements';
    elsif exists (
            -- Found by the schema's dependants, which have an index. Our own objects are tables and views alone.
            select from pg_depend d
            left join pg_class c on d.classid = 'pg_class'::regclass and c.oid = d.objid
            left join pg_roles r on r.oid = c.relowner
            where d.refclassid = 'pg_namespace'::regclass and d.refobjid = pg_my_temp_schema() and r.rolname is distinct from current_user) then
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
        if found then
            return 'a deferred trigger on ' || v_relation;
        end if;
    end if;
    return null;
end;
$$;
