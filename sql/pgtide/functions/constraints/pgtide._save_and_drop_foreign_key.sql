-- pgtide._save_and_drop_foreign_key(i_queue, i_key)
--
-- On the subscriber: drops a foreign key, and saves how to put it back. If it was still waiting to be validated, it will be
-- put back validated.
--
-- Arguments: i_key - the constraint's OID
-- Returns: nothing
-- Writes: pgtide.saved_ddl; the foreign key; nothing when another session has dropped it since it was looked up
create or replace function pgtide._save_and_drop_foreign_key(i_queue text, i_key oid)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key record;
begin
    select k.conname::text as name, k.conrelid::regclass::text as relation, pgtide.table_name(k.conrelid) as table_name,
           -- If the key refers to a partition: the replicated table above it, which must be ok before the key is restored.
           coalesce((select min(t.table_name) from unnest(pgtide.above_partition(array[k.confrelid])) a (relation)
                     join londiste.table_info t on t.queue_name = i_queue and coalesce(t.dest_table, t.table_name) = pgtide.table_name(a.relation)),
                    pgtide.table_name(k.confrelid)) as other_table,
           -- One query, so that a validation is either seen in both places or in neither.
           regexp_replace(pg_get_constraintdef(k.oid), case when exists (
               select from pgtide.saved_ddl d where d.queue_name = i_queue and d.table_name = pgtide.table_name(k.conrelid)
                 and d.kind = 'foreign key' and d.object_name = k.conname) then ' NOT VALID$' else '^$' end, '') as definition
    into v_key from pg_constraint k where k.oid = i_key;
    if not found then
        return;
    end if;
    begin
        execute format('alter table %s drop constraint %I', v_key.relation, v_key.name);
    exception when undefined_object then
        return;
    end;
    insert into pgtide.saved_ddl as d (queue_name, table_name, kind, object_name, other_table, restore_sql)
    values (i_queue, v_key.table_name, 'foreign key', v_key.name, v_key.other_table,
        format('alter table %s add constraint %I %s', v_key.relation, v_key.name, v_key.definition))
    on conflict (queue_name, table_name, kind, object_name) do update set restore_sql = excluded.restore_sql, error = null;
end;
$$;
