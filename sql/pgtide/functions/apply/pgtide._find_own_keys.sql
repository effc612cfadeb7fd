-- pgtide._find_own_keys() returns int
--
-- In replica mode no foreign key is checked. Those by which tables that are not replicated here refer to tables of pgtide_work are
-- looked up, and checked by pgtide._check_own_keys: replay must not leave their rows without the ones that they refer to. Makes the temporary
-- table pgtide_own_keys (nr, key), and returns the number of keys. Tables whose rows are only inserted are left out; so are keys that
-- are not enforced, and those of tables that this role may not read, neither itself nor as their owner, or reads by the policies of row
-- security, which would hide rows.
create or replace function pgtide._find_own_keys()
returns int language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_count int;
begin
    create temp table pgtide_own_keys on commit drop as
    with changed as (
        select w.nr, r.relation
        from pg_temp.pgtide_work w join pg_class c on c.oid = w.oid
        cross join lateral (select w.oid where c.relkind <> 'p' union all select pgtide.table_tree(w.oid) where c.relkind = 'p') r (relation)
        where w.truncated
           or w.table_name in (select k.table_name from pg_temp.pgtide_kinds k where k.op in ('D', 'U')))
    select c.nr, k.oid as key
    from changed c join pg_constraint k on k.confrelid = c.relation and k.contype = 'f'
    where coalesce((to_jsonb(k)->>'conparentid')::bigint, 0) = 0 and coalesce((to_jsonb(k)->>'conenforced')::bool, true)
      and k.conrelid not in (select relation from changed)
      and (select bool_and(pg_has_role(o.oid, 'MEMBER')) from unnest(pgtide.foreign_owners(k.conrelid)) o (oid)) is not false
      and has_table_privilege(k.conrelid, 'select') and not row_security_active(k.conrelid)
      and not exists (
          select from unnest(pgtide.above_partition(array[k.conrelid])) a (relation)
          join londiste.table_info t on coalesce(t.dest_table, t.table_name) = pgtide.table_name(a.relation)
          where t.local);
    get diagnostics v_count = row_count;
    return v_count;
end;
$$;
