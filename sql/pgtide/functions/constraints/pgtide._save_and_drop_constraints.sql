-- pgtide._save_and_drop_constraints(i_queue, i_table, i_oid)
--
-- On the subscriber: drops the objects that a half-copied table may break, and saves how to put them back.
--
-- Arguments: i_table - the table's name in the queue
-- Returns: int, the number of objects dropped; 0 when there were none
-- Writes: pgtide.saved_ddl; foreign keys, constraints and indexes
--
-- Dropped are foreign keys from the table and to it or its partitions (also those of tables that are not replicated), unique
-- and exclusion constraints other than the key, and all other indexes, with which a copy would also be slow. The index of
-- the key stays: replay needs it.
create or replace function pgtide._save_and_drop_constraints(i_queue text, i_table text, i_oid oid)
returns int language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_object record;
    v_count int := 0;
    v_key_index oid := pgtide._key_index(i_oid);
begin
    -- Looked up again after each key: while one is waited for, replay may create it again (pgtide._disable_triggers_and_actions).
    loop
        select k.oid into v_object from pg_constraint k
        where k.contype = 'f' and (k.conrelid = i_oid or k.confrelid in (select pgtide.table_tree(i_oid)))
          and coalesce((to_jsonb(k)->>'conparentid')::bigint, 0) = 0 limit 1;
        exit when not found;
        perform pgtide._save_and_drop_foreign_key(i_queue, v_object.oid);
        v_count := v_count + 1;
    end loop;
    for v_object in
        select 'constraint' as kind, k.conname::text as name,
               format('alter table %s drop constraint %I', i_oid::regclass, k.conname) as drop_sql,
               format('alter table %s add constraint %I %s', i_oid::regclass, k.conname, pg_get_constraintdef(k.oid))
                   || coalesce(format('; comment on constraint %I on %s is ', k.conname, i_oid::regclass)
                               || quote_literal(obj_description(k.oid, 'pg_constraint')), '')
                   || pgtide._index_properties(k.conindid) as restore_sql
        from pg_constraint k
        where k.conrelid = i_oid and k.contype in ('u', 'x') and k.conindid is distinct from v_key_index
          and coalesce((to_jsonb(k)->>'conparentid')::bigint, 0) = 0
        union all
        select 'index', c.relname,
               format('drop index %s', i.indexrelid::regclass),
               -- An index of a partitioned table is dropped with those of its partitions, and its definition creates them
               -- again. Only an index that is not valid lacks those of some partitions.
               case when c.relkind = 'I' and i.indisvalid and left(definition, length(head || 'ONLY ')) = head || 'ONLY '
                    then overlay(definition placing head from 1 for length(head || 'ONLY '))
                    else definition end
                   || coalesce(format('; comment on index %s is ', i.indexrelid::regclass)
                               || quote_literal(obj_description(i.indexrelid, 'pg_class')), '')
                   || pgtide._index_properties(i.indexrelid)
        from pg_index i join pg_class c on c.oid = i.indexrelid
        cross join lateral (
            select pg_get_indexdef(i.indexrelid) as definition,
                   format('CREATE %sINDEX %I ON ', case when i.indisunique then 'UNIQUE ' end, c.relname) as head) d
        where i.indrelid = i_oid and i.indexrelid is distinct from v_key_index
          and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
          and not exists (select from pg_inherits h where h.inhrelid = i.indexrelid)
    loop
        execute v_object.drop_sql;
        insert into pgtide.saved_ddl as d (queue_name, table_name, kind, object_name, restore_sql)
        values (i_queue, i_table, v_object.kind, v_object.name, v_object.restore_sql)
        on conflict (queue_name, table_name, kind, object_name) do update set restore_sql = excluded.restore_sql, error = null;
        v_count := v_count + 1;
    end loop;
    return v_count;
end;
$$;
