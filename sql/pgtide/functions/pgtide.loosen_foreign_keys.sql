-- pgtide.loosen_foreign_keys(i_queue) returns int
--
-- Before a slice that does not end its batch is applied by a role that may not use replica mode: drops the foreign keys from and to
-- the tables that have events in it. A slice may end between a row and the one it refers to, which no deferred check allows. What was
-- dropped is in pgtide.saved_ddl; copy puts it back once the batch is whole. Returns the number of keys dropped.
create or replace function pgtide.loosen_foreign_keys(i_queue text)
returns int language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key record;
    v_count int := 0;
begin
    for v_key in
        with touched as (
            select r.relation
            from (select distinct k.table_name from pg_temp.pgtide_kinds k) k
            join londiste.table_info t on t.queue_name = i_queue and t.table_name = k.table_name and t.local,
            pgtide.table_tree(londiste.find_table_oid(coalesce(t.dest_table, t.table_name))) r (relation)
        )
        select k.oid from pg_constraint k
        where k.contype = 'f' and coalesce((to_jsonb(k)->>'conparentid')::bigint, 0) = 0
          and exists (select from touched t where t.relation in (k.conrelid, k.confrelid))
    loop
        perform pgtide.take_off_foreign_key(i_queue, v_key.oid);
        v_count := v_count + 1;
    end loop;
    return v_count;
end;
$$;
