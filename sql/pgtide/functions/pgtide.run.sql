-- pgtide.run(i_runner, i_sql [, i_ev_id [, i_places]]) returns bigint
--
-- Runs a statement on a table: as this role, or by the function i_runner as the table's owner (pgtide.table_runner). $1 and $2 in it are
-- i_ev_id and i_places. Returns the number of rows.
-- What the owner's code leaves behind in the session must not act later, when this role's rights are in force again. It is refused (TD007), and
-- the caller's subtransaction, or the transaction, takes it back:
--     settings of the session, first of all search_path
--     temporary tables, functions, types and operators, and the loss of ours
--     a cursor WITH HOLD, whose query would run at the commit
--     deferred triggers and exclusion constraints, which up to version 17 run as whoever commits. A table that such code has written to is
--     known by the lock on it. Foreign keys run as the tables' owners.
-- No operator and no function here is looked up by search_path before that is known to be ours.
create or replace function pgtide.run(i_runner text, i_sql text, i_ev_id bigint default null, i_places tid[] default null)
returns bigint language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_count bigint;
    v_path text;
    v_settings text;
    v_tables bigint;
    v_left text;
    c_settings constant text := $sql$select md5(string_agg(concat_ws('=', name, setting), ',' order by name)) from pg_settings$sql$;
    c_tables constant text := 'select count(*) from pg_class c where c.relnamespace = pg_my_temp_schema() and c.relowner = $1';
    c_replica constant bool := current_setting('session_replication_role') = 'replica';
    c_me constant oid := (select r.oid from pg_roles r where r.rolname = current_user);
begin
    if i_runner is null then
        execute i_sql using i_ev_id, i_places;
        get diagnostics v_count = row_count;
        return v_count;
    end if;
    execute c_settings into v_settings;
    execute c_tables into v_tables using c_me;
    begin
        execute 'select ' || i_runner || '($1, $2, $3)' into v_count using i_sql, i_ev_id, i_places;
    exception when others then
        -- What says something of the whole elsewhere (a missing right, say) is the table's own here.
        if pgtide.is_table_failure(sqlstate) or left(sqlstate, 2) in ('08', '40', '53', '55', '57', '58', 'XX') then
            raise;
        end if;
        raise exception 'as the table''s owner: %', pgtide.condition_name(sqlstate) using errcode = 'TD007';
    end;
    v_path := pg_catalog.current_setting('search_path');
    perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    if v_path <> 'pg_catalog, pg_temp' then
        v_left := 'setting search_path';
    else
        declare
            v_settings_after text;
            v_tables_after bigint;
        begin
            execute c_settings into v_settings_after;
            execute c_tables into v_tables_after using c_me;
            v_left := case when v_settings_after <> v_settings then 'settings' when v_tables_after <> v_tables then 'temporary tables' end;
        end;
        v_left := coalesce(v_left, (
            select o.what
            from (
                select 'temporary objects' as what where exists (
                    select from pg_class c where c.relnamespace = pg_my_temp_schema() and c.relowner <> c_me
                    union all select from pg_proc p where p.pronamespace = pg_my_temp_schema()
                    union all select from pg_operator q where q.oprnamespace = pg_my_temp_schema()
                    union all select from pg_type t where t.typnamespace = pg_my_temp_schema() and t.typowner <> c_me)
                union all
                select 'a cursor WITH HOLD' where exists (select from pg_cursors c where c.is_holdable)
                union all
                select 'a deferred trigger on ' || min(l.relation::regclass::text)
                from pg_locks l
                where current_setting('server_version_num')::int < 180000 and l.locktype = 'relation' and l.pid = pg_backend_pid() and l.mode = 'RowExclusiveLock' and l.relation >= 16384
                  and (exists (select from pg_trigger g where g.tgrelid = l.relation and not g.tgisinternal and g.tgdeferrable
                                 and g.tgenabled in ('A', case when c_replica then 'R' else 'O' end))
                       or exists (select from pg_constraint k where k.conrelid = l.relation and k.contype = 'x' and k.condeferrable))
                having count(*) > 0) o
            limit 1));
    end if;
    if v_left is not null then
        raise exception 'code of the table''s owner leaves % behind in the session of replication', v_left using errcode = 'TD007';
    end if;
    return v_count;
end;
$$;
