-- pgtide._disable_triggers_and_actions(i_queue, i_tables)
--
-- On the subscriber, for a role that may not use replica mode, before rows of i_tables change: disables the tables' user
-- triggers and rules, and makes the foreign keys from and to them deferrable and without actions.
--
-- Returns: int, the number of changes; 0 when all is quiet
-- Writes: pgtide.saved_ddl; triggers, rules and foreign keys of the tables
-- Errors: as pgtide._key_runner, pgtide.run
--
-- So rows can be applied in the order that is best. The effects of a cascade on the provider come as events, and a cascade
-- here would take rows that a later event moves away. Keys of tables that are not this node's keep their actions.
--
-- The changes are in pgtide.saved_ddl, and pgtide.abandon_copy undoes them. A key that was created again is validated by
-- copy. Only tables that it changes are locked. Of other tables it reads no more than their rows in pg_constraint.
create or replace function pgtide._disable_triggers_and_actions(i_queue text, i_tables oid[])
returns int language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_relations oid[] := array(select r from unnest(i_tables) t (relation), pgtide.table_tree(t.relation) r where t.relation is not null);
    v_list jsonb;
    v_change record;
    v_changes int := 0;
begin
    -- The query is not looped over; see pgtide.apply_stage.
    select jsonb_agg(to_jsonb(c)) into v_list from (
        select pgtide._replicated_as(i_queue, l.relation) as table_name, 'trigger' as kind,
               g.tgname::text || ' on ' || pgtide.table_name(l.relation) as object_name, null::text as other_table,
               format('alter table %s disable trigger %I', l.relation::regclass, g.tgname) as quiet_sql,
               format('alter table %s enable %s trigger %I', l.relation::regclass,
                      case g.tgenabled when 'A' then 'always' else '' end, g.tgname) as restore_sql,
               null::text as validate_sql, false as acts, null::oid as relation, null::oid as other
        from unnest(v_relations) l (relation) join pg_trigger g on g.tgrelid = l.relation
        join pg_proc p on p.oid = g.tgfoid join pg_namespace n on n.oid = p.pronamespace
        where not g.tgisinternal and g.tgenabled in ('O', 'A')
          -- Triggers of pgtide and Londiste stay enabled. They are recognized by their functions, since any trigger may
          -- have such a name.
          and n.nspname <> 'pgtide' and not (n.nspname in ('pgq', 'londiste') and left(g.tgname, 10) = '_londiste_')
        union all
        select pgtide._replicated_as(i_queue, l.relation), 'trigger', format('rule %s on %s', w.rulename, pgtide.table_name(l.relation)), null,
               format('alter table %s disable rule %I', l.relation::regclass, w.rulename),
               format('alter table %s enable %s rule %I', l.relation::regclass,
                      case w.ev_enabled when 'A' then 'always' else '' end, w.rulename),
               null, false, null, null
        from unnest(v_relations) l (relation) join pg_rewrite w on w.ev_class = l.relation
        where w.ev_enabled in ('O', 'A')
        union all
        select f.table_name, 'deferrable', f.conname::text, f.other_table,
               case when f.acts then format('alter table %s drop constraint %I, add constraint %I foreign key (%s) references %s (%s)%s deferrable%s',
                        f.conrelid::regclass, f.conname, f.conname, pgtide._column_names(f.conrelid, f.conkey), f.confrelid::regclass,
                        pgtide._column_names(f.confrelid, f.confkey), case f.confmatchtype when 'f' then ' match full' else '' end,
                        case when f.relkind = 'r' then ' not valid' else '' end)
                    else format('alter table %s alter constraint %I deferrable initially immediate', f.conrelid::regclass, f.conname) end,
               case when f.acts then format('alter table %s drop constraint %I, add constraint %I %s',
                        f.conrelid::regclass, f.conname, f.conname, f.definition)
                    else format('alter table %s alter constraint %I not deferrable', f.conrelid::regclass, f.conname) end,
               case when f.acts and f.convalidated and f.relkind = 'r'
                    then format('alter table %s validate constraint %I', f.conrelid::regclass, f.conname) end,
               f.acts, f.conrelid, f.confrelid
        from (select k.oid, k.conname, k.conrelid, k.conkey, k.confrelid, k.confkey, k.confmatchtype, k.condeferrable, k.convalidated,
                     c.relkind, pgtide.table_name(k.conrelid) as table_name, pgtide.table_name(k.confrelid) as other_table,
                     -- A key that waits to be validated, after a copy, will be valid.
                     regexp_replace(pg_get_constraintdef(k.oid), case when exists (
                         select from pgtide.saved_ddl d where d.queue_name = i_queue and d.table_name = pgtide.table_name(k.conrelid)
                           and d.kind = 'foreign key' and d.object_name = k.conname) then ' NOT VALID$' else '^$' end, '') as definition,
                     (k.confdeltype <> 'a' or k.confupdtype <> 'a')
                     and (k.conrelid = any (v_relations) or pgtide._replicated_as(i_queue, k.conrelid) is not null)
                     and (k.confrelid = any (v_relations) or pgtide._replicated_as(i_queue, k.confrelid) is not null) as acts
              from pg_constraint k join pg_class c on c.oid = k.conrelid
              where k.contype = 'f' and coalesce((to_jsonb(k)->>'conparentid')::bigint, 0) = 0
                and coalesce((to_jsonb(k)->>'conenforced')::bool, true)
                and (k.conrelid = any (v_relations) or k.confrelid = any (v_relations))) f
        where f.acts or not f.condeferrable) c;
    for i in 0 .. coalesce(jsonb_array_length(v_list), 0) - 1 loop
        select * into v_change from jsonb_to_record(v_list->i) as r (table_name text, kind text, object_name text, other_table text,
            quiet_sql text, restore_sql text, validate_sql text, acts bool, relation oid, other oid);
        begin
            -- Only a partitioned table's key is validated at once.
            perform pgtide.run(case when v_change.acts and (select c.relkind = 'p' from pg_class c where c.oid = v_change.relation)
                then pgtide._key_runner(v_change.relation, v_change.other) end, v_change.quiet_sql);
        exception when undefined_object then
            -- A copy has dropped the key since it was looked up.
            continue;
        end;
        -- A key that was made deferrable while one of its tables was not replicated here still has its actions, and is
        -- changed again.
        insert into pgtide.saved_ddl as d (queue_name, table_name, kind, object_name, other_table, restore_sql)
        values (i_queue, v_change.table_name, v_change.kind, v_change.object_name, v_change.other_table, v_change.restore_sql)
        on conflict (queue_name, table_name, kind, object_name) do update
        set restore_sql = regexp_replace(excluded.restore_sql, ' DEFERRABLE( NOT VALID)?$', '\1')
        where v_change.acts and d.restore_sql like 'alter table % alter constraint % not deferrable';
        if v_change.validate_sql is not null then
            insert into pgtide.saved_ddl (queue_name, table_name, kind, object_name, other_table, restore_sql)
            values (i_queue, v_change.table_name, 'foreign key', v_change.object_name, v_change.other_table, v_change.validate_sql)
            on conflict do nothing;
        end if;
        v_changes := v_changes + 1;
    end loop;
    return v_changes;
end;
$$;
