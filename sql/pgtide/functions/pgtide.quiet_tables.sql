-- pgtide.quiet_tables(i_queue) returns int
--
-- For a role that may not use replica mode: disables the user triggers of this node's tables, and makes their foreign keys
-- deferrable, so that rows can be applied in the order that is best. What was changed is in pgtide.saved_ddl, and
-- pgtide.restore_table undoes it. Returns the number of changes, 0 when all is quiet. Locks only tables that it changes.
create or replace function pgtide.quiet_tables(i_queue text)
returns int language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_change record;
    v_changes int := 0;
begin
    for v_change in
        with local as (
            select t.table_name, r.relation
            from londiste.table_info t,
                 pgtide.table_tree(londiste.find_table_oid(coalesce(t.dest_table, t.table_name))) r (relation)
            where t.queue_name = i_queue and t.local
        )
        select l.table_name, 'trigger' as kind, g.tgname::text || ' on ' || pgtide.table_name(l.relation) as object_name,
               format('alter table %s disable trigger %I', l.relation::regclass, g.tgname) as quiet_sql,
               format('alter table %s enable %s trigger %I', l.relation::regclass,
                      case g.tgenabled when 'A' then 'always' else '' end, g.tgname) as restore_sql
        from local l join pg_trigger g on g.tgrelid = l.relation
        where not g.tgisinternal and g.tgenabled in ('O', 'A') and left(g.tgname, 8) <> '_pgtide_' and left(g.tgname, 10) <> '_londiste_'
        union all
        select distinct on (k.oid) l.table_name, 'deferrable', k.conname::text,
               format('alter table %s alter constraint %I deferrable initially immediate', k.conrelid::regclass, k.conname),
               format('alter table %s alter constraint %I not deferrable', k.conrelid::regclass, k.conname)
        from local l join pg_constraint k on k.contype = 'f' and l.relation in (k.conrelid, k.confrelid)
        where not k.condeferrable and coalesce((to_jsonb(k)->>'conparentid')::bigint, 0) = 0
    loop
        execute v_change.quiet_sql;
        insert into pgtide.saved_ddl (queue_name, table_name, kind, object_name, restore_sql)
        values (i_queue, v_change.table_name, v_change.kind, v_change.object_name, v_change.restore_sql)
        on conflict do nothing;
        v_changes := v_changes + 1;
    end loop;
    return v_changes;
end;
$$;
