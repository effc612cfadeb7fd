-- pgtide.drop_foreign_keys(i_queue)
--
-- On the subscriber, before a slice that does not end its batch is applied by a role that may not use replica mode: drops
-- the foreign keys from and to the tables that have events in the slice.
--
-- Returns: int, the number of keys dropped; 0 when there were none
-- Writes: pgtide.saved_ddl; foreign keys; as pgtide._disable_triggers_and_actions
-- Errors: as pgtide._disable_triggers_and_actions
--
-- A slice may end between a row and the one it refers to, which no deferred check allows. Copy puts the keys back once the
-- batch is whole.
create or replace function pgtide.drop_foreign_keys(i_queue text)
returns int language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tables oid[] := array(
        select londiste.find_table_oid(coalesce(t.dest_table, t.table_name))
        from (select distinct k.table_name from pg_temp.pgtide_kinds k) k
        join londiste.table_info t on t.queue_name = i_queue and t.table_name = k.table_name and t.local);
    v_touched oid[] := array(select r from unnest(v_tables) t (relation), pgtide.table_tree(t.relation) r where t.relation is not null);
    v_keys oid[];
begin
    perform pgtide._disable_triggers_and_actions(i_queue, v_tables);
    v_keys := array(
        select k.oid from pg_constraint k
        where k.contype = 'f' and coalesce((to_jsonb(k)->>'conparentid')::bigint, 0) = 0
          and (k.conrelid = any (v_touched) or k.confrelid = any (v_touched)));
    for i in 1 .. cardinality(v_keys) loop
        perform pgtide._save_and_drop_foreign_key(i_queue, v_keys[i]);
    end loop;
    return cardinality(v_keys);
end;
$$;
