-- pgtide._keep_unrestored(i_saved, i_failure)
--
-- On the subscriber: keeps in pgtide.saved_ddl an object that cannot be put back on a table that leaves replication, because
-- rows do not fit, because only another role may read them (pgtide._key_runner), or because something it is made of is gone.
--
-- Arguments: i_failure - why, without values; null: it was not tried, and copy does it
-- Returns: nothing
-- Writes: pgtide.saved_ddl; if possible a foreign key
--
-- Status reports the object, and copy tries again from time to time. Meanwhile a foreign key is added without validation, if
-- that is possible, so that it holds for all other rows.
create or replace function pgtide._keep_unrestored(i_saved pgtide.saved_ddl, i_failure text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_relation regclass := londiste.find_table_oid(i_saved.table_name);
begin
    if i_saved.kind in ('foreign key', 'deferrable') and i_saved.restore_sql like 'alter table % add constraint %'
            and i_saved.restore_sql not like '% NOT VALID' and (select c.relkind = 'r' from pg_class c where c.oid = v_relation) then
        begin
            execute i_saved.restore_sql || ' not valid';
            delete from pgtide.saved_ddl d
            where d.queue_name = i_saved.queue_name and d.table_name = i_saved.table_name and d.kind = i_saved.kind
              and d.object_name = i_saved.object_name;
            i_saved.kind := 'foreign key';
            i_saved.restore_sql := format('alter table %s validate constraint %I', v_relation, i_saved.object_name);
        exception when syntax_error_or_access_rule_violation then
            -- The table that it refers to is missing, too.
            null;
        end;
    end if;
    insert into pgtide.saved_ddl as d (queue_name, table_name, kind, object_name, other_table, restore_sql, error, tried_at)
    values (i_saved.queue_name, i_saved.table_name, i_saved.kind, i_saved.object_name, i_saved.other_table, i_saved.restore_sql,
            i_failure, case when i_failure is not null then now() end)
    on conflict (queue_name, table_name, kind, object_name) do update
    set restore_sql = excluded.restore_sql, error = excluded.error, tried_at = excluded.tried_at;
end;
$$;
